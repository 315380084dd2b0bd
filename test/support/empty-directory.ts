import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty directory that goes when the test is over, or with `afterAll`; tests side by side have to give their own `onFinished`. */
export function emptyDirectory(onFinished: (end: () => void) => unknown = onTestFinished): string {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  onFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
