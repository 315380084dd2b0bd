import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Writes the lines into a file of this directory and resolves with its name. They are made while it is written, between
 * turns of the event loop; a file that has its final name is whole.
 */
export async function writeIncident(directory: string, at: Date, lines: Iterable<string>): Promise<string> {
  await mkdir(directory, { recursive: true });
  const time = at.toISOString().replaceAll(/[:.]/g, '-');
  const file = join(directory, `incident-${time}-${randomUUID().slice(0, 8)}.jsonl`);
  await pipeline(Readable.from(lines, { highWaterMark: 1 }), createWriteStream(`${file}.part`));
  await rename(`${file}.part`, file);
  return file;
}

/** Resolves when whatever runs now, and the promises it keeps, have come to an end. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
