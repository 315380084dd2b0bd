import { openSync, readSync } from 'node:fs';
import { quantile } from './statistics.ts';

/** How long a contestant runs at least before it is measured: until the compiler has made up its mind. */
export const WARM_MS = 800;
/** How long it is measured, and in pieces of what length. */
const WATCH_MS = 1_000;
const WINDOW_MS = 50;

/**
 * The rate that nine tenths of the windows do not exceed. Neighbours on the machine slow it down for a second at a
 * time, to little more than half; nothing makes it faster than it is.
 */
export async function steadyRate(run: (budgetMs: number) => number | Promise<number>): Promise<number> {
  const end = performance.now() + WATCH_MS;
  const rates: number[] = [];
  while (performance.now() < end) rates.push(await run(WINDOW_MS));
  return quantile(rates, 0.9);
}

/**
 * Milliseconds since some start, without those in which this thread was ready to run and the machine was busy with
 * something else: they say nothing about the contestant. Where Linux does not tell, nothing is left out.
 */
export function ownTime(): number {
  return performance.now() - queuedMs();
}

const text = Buffer.alloc(128);
let file: number | undefined;
try {
  file = openSync('/proc/self/schedstat', 'r');
} catch {
  // Not Linux, or a kernel without it.
}

/** The second number of schedstat: nanoseconds spent waiting for a processor. */
export function queuedMs(): number {
  if (file === undefined) return 0;
  const length = readSync(file, text, 0, text.length, 0);
  return Number(text.toString('latin1', 0, length).split(' ')[1]) / 1e6;
}

/** The most memory this process has had, in MB. */
export function peakMb(): number {
  return process.resourceUsage().maxRSS / 1_024;
}

/** Heap in use after everything that can go has gone, in bytes. */
export function heapInUse(): number {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('the process was not started with --expose-gc');
  gc();
  return process.memoryUsage().heapUsed;
}
