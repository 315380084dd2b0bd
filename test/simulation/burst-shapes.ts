import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** How many messages come in each millisecond of a burst. */
export type BurstShape = readonly number[];

/** Lies beside the project, which tests and commands are started in, and is never copied into it. */
export const RECORDING = new URL(
  '../shared/data/sample/crypto-20240808-2358.stock-style.ndjson.gz',
  pathToFileURL(`${process.cwd()}/`),
);
const SHAPES_MAX = 40;
const SPAN_MS = 12;
const PER_MS_MAX = 40;

/**
 * Bursts by the figures of the recorded data: peaks of 203 to 275 trades in 10 ms, up to 28 in one millisecond, an
 * auction of several hundred within 25 ms, and most of the time nearly nothing.
 */
export const figureShapes: readonly BurstShape[] = [
  [1],
  [1, 0, 0, 1, 0, 2],
  [2, 0, 5, 1, 0, 0, 3],
  [28],
  [0, 3, 9, 28, 21, 12, 4, 1],
  [3, 1, 4, 1, 5, 2, 0, 1],
  [20, 28, 26, 24, 22, 25, 27, 23, 20, 18],
  [1, 2, 4, 8, 12, 8, 4, 2, 1],
];

/** The spans around the busiest milliseconds of a recording; undefined when it is not there. */
export function recordedShapes(file: URL): readonly BurstShape[] | undefined {
  if (!existsSync(file)) return undefined;
  const perMs = new Map<number, number>();
  for (const line of gunzipSync(readFileSync(file)).toString('utf8').split('\n')) {
    const ms = Number(/"t":(\d+)/.exec(line)?.[1] ?? Number.NaN);
    if (!Number.isNaN(ms)) perMs.set(ms, (perMs.get(ms) ?? 0) + 1);
  }
  const busiest = [...perMs].sort(([, a], [, b]) => b - a).filter((_, index) => index % 5 === 0);
  return busiest.slice(0, SHAPES_MAX).map(([peak]) => {
    const span = Array.from({ length: SPAN_MS }, (_, index) => perMs.get(peak + index - SPAN_MS / 2) ?? 0);
    return span.map((count) => Math.min(count, PER_MS_MAX));
  });
}
