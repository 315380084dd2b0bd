/** Where each counter of a slot stands in its array. */
export const Counter = {
  received: 0,
  accepted: 1,
  rejected: 2,
  delivered: 3,
  deadLettered: 4,
  dropped: 5,
  conflated: 6,
  returned: 7,
  inFlight: 8,
  late: 9,
  calls: 10,
  retries: 11,
  restarts: 12,
  depthMax: 13,
  size: 14,
  age: 15,
  request: 16,
  drain: 17,
  probe: 18,
  failures: 19,
  // Why messages were rejected, and why they were given up.
  invalid: 20,
  'mailbox-full': 21,
  tripped: 22,
  'not-running': 23,
  failed: 24,
  'not-retryable': 25,
  poison: 26,
} as const;

const LENGTH = 27;
/** So many slots share a piece of memory: one of its own would cost each of them more than the counts themselves. */
const SLOTS_TOGETHER = 64;
/** What is left of it. */
let free: Float64Array = new Float64Array();

/** Counts of one slot, in shared memory: another thread reads them even while this one is stuck in a handler. */
export type Counters = Record<(typeof Counter)[keyof typeof Counter], number>;

export function createCounters(): Counters {
  if (free.length === 0) {
    free = new Float64Array(new SharedArrayBuffer(SLOTS_TOGETHER * LENGTH * Float64Array.BYTES_PER_ELEMENT));
  }
  const counters = free.subarray(0, LENGTH);
  free = free.subarray(LENGTH);
  // The array is as long as there are indices in `Counter`, so none of them reads undefined.
  return counters as unknown as Counters;
}
