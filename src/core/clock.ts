/** Time as a port: everything that waits or measures asks a clock, so the whole router also runs on simulated time. */
export interface Clock {
  /** Milliseconds since an arbitrary start, never going back; fractions allowed. */
  now(): number;
  /** Milliseconds since 1970, for records that people read. */
  wallTime(): number;
  /** Calls back once, not before `ms` milliseconds have passed. */
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Calls back once, after the event loop has had its turn. */
  setImmediate(callback: () => void): unknown;
  clearImmediate(handle: unknown): void;
}
