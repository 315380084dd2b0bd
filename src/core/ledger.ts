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
