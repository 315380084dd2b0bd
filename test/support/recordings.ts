import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { projectRoot } from './project-files.ts';

const SAMPLE = join(projectRoot, '../shared/data/sample');

/**
 * Why tests with recordings are left out; undefined: they run. Without the recordings they prove nothing: fine on a
 * stranger's machine, a failure where the gate decides.
 */
export const whyWithoutRecordings =
  existsSync(SAMPLE) || process.env.CI !== undefined ? undefined : '../shared/data/sample is not there';

/** What the name of such a test ends with. */
export const ofRecordings = whyWithoutRecordings === undefined ? '' : ` (SKIPPED: ${whyWithoutRecordings})`;

/** The file of a recording of real market data that lies beside the project. */
export function recordingFile(name: string): string {
  return join(SAMPLE, `${name}.ndjson.gz`);
}

/** The lines of a recording. Rejects if it is not there. */
export async function recording(name: string): Promise<readonly unknown[]> {
  const lines = gunzipSync(await readFile(recordingFile(name))).toString();
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
