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
} as const;

const LENGTH = 20;

/** Counts of one slot, in shared memory: another thread reads them even while this one is stuck in a handler. */
export type Counters = Record<(typeof Counter)[keyof typeof Counter], number> & { readonly buffer: SharedArrayBuffer };

export function createCounters(): Counters {
  // The array is as long as there are indices in `Counter`, so none of them reads undefined.
  return new Float64Array(new SharedArrayBuffer(LENGTH * Float64Array.BYTES_PER_ELEMENT)) as unknown as Counters;
}
