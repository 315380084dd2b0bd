import { openSync, readFileSync, readSync } from 'node:fs';

/**
 * Milliseconds since some start, without those in which this thread was ready to run and the machine was busy with
 * something else: they say nothing about the contestant. Only Linux counts them.
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
function queuedMs(): number {
  if (file === undefined) return 0;
  const length = readSync(file, text, 0, text.length, 0);
  return Number(text.toString('latin1', 0, length).split(' ')[1]) / 1e6;
}

/** The most memory this process has had, in MB. */
export function peakMb(): number {
  return process.resourceUsage().maxRSS / 1_024;
}

/** Heap in use after a collection, in bytes; the process was started with `--expose-gc`. */
export function heapInUse(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** Memory after a collection, in MB, without the pages of files, which the system takes back when it wants to. Linux only. */
export function ownMemoryMb(): number {
  globalThis.gc?.();
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1_024;
}
