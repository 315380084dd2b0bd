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

/** What the conservation rule is about; a snapshot of counters plus what waits and what is being processed. */
export interface Ledger {
  readonly received: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly delivered: number;
  readonly deadLettered: number;
  readonly dropped: number;
  readonly conflated: number;
  readonly returned: number;
  readonly buffered: number;
  readonly inFlight: number;
}

/** The two equations of the conservation rule (docs/architecture.md). */
export function isConserved(ledger: Ledger): boolean {
  const { delivered, deadLettered, dropped, conflated, returned, buffered, inFlight } = ledger;
  return (
    ledger.received === ledger.accepted + ledger.rejected &&
    ledger.accepted === delivered + deadLettered + dropped + conflated + returned + buffered + inFlight
  );
}

const NOTHING: Ledger = {
  received: 0,
  accepted: 0,
  rejected: 0,
  delivered: 0,
  deadLettered: 0,
  dropped: 0,
  conflated: 0,
  returned: 0,
  buffered: 0,
  inFlight: 0,
};

/** Adds ledgers up, count by count. */
export function addLedgers(ledgers: Iterable<Ledger>): Ledger {
  const total: Record<string, number> = { ...NOTHING };
  for (const ledger of ledgers) {
    for (const count of Object.keys(NOTHING) as (keyof Ledger)[]) total[count] = (total[count] ?? 0) + ledger[count];
  }
  // It has just the keys of a ledger: it began as a copy of one.
  return total as unknown as Ledger;
}
