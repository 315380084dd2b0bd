/** Where each counter of a slot stands in its array. */
export const Counter = {
  accepted: 0,
  rejected: 1,
  delivered: 2,
  deadLettered: 3,
  dropped: 4,
  conflated: 5,
  returned: 6,
  inFlight: 7,
  late: 8,
  calls: 9,
  retries: 10,
  restarts: 11,
  // First attempts by trigger; those with a full batch are what is left of the calls.
  age: 12,
  request: 13,
  drain: 14,
  probe: 15,
  failures: 16,
  // Why messages were rejected, and why they were given up.
  invalid: 17,
  'mailbox-full': 18,
  tripped: 19,
  'not-running': 20,
  failed: 21,
  'not-retryable': 22,
  poison: 23,
  // Given up as invalid: they were accepted before there was an instance to check them.
  'invalid-later': 24,
  // Of the messages that were handed back: those whose stay had ended. The others were when the channel stopped.
  'stay-ended': 25,
} as const;

const LENGTH = 26;
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
