import { Counter, type Counters } from './counters.ts';

/** Where an accepted message is; it is in exactly one of these places. */
const PLACES = ['delivered', 'deadLettered', 'dropped', 'conflated', 'returned', 'buffered', 'inFlight'] as const;
const COUNTS = ['received', 'accepted', 'rejected', ...PLACES] as const;

/** What the conservation rule is about: how many messages came in, and where each of them is. */
export type Ledger = Readonly<Record<(typeof COUNTS)[number], number>>;

/** The two equations of the conservation rule (docs/architecture.md). */
export function isConserved(ledger: Ledger): boolean {
  const placed = PLACES.reduce((sum, place) => sum + ledger[place], 0);
  return ledger.received === ledger.accepted + ledger.rejected && ledger.accepted === placed;
}

/** Reads a ledger off counters; what is buffered is counted apart, or follows from the rule where it cannot be counted. */
export function countLedger(count: (index: keyof Counters) => number, buffered?: number): Ledger {
  const [accepted, rejected] = [count(Counter.accepted), count(Counter.rejected)];
  const counted = (place: (typeof PLACES)[number]): number => (place === 'buffered' ? 0 : count(Counter[place]));
  const elsewhere = PLACES.reduce((sum, place) => sum + counted(place), 0);
  const places = PLACES.map((place) => [place, counted(place)]);
  // Never below 0, although another thread may be counting meanwhile.
  const ledger = { ...Object.fromEntries(places), buffered: buffered ?? Math.max(0, accepted - elsewhere) };
  return { ...(ledger as Ledger), received: accepted + rejected, accepted, rejected };
}

/** Adds ledgers up, count by count; what they have beside the counts of the rule is left out. */
export function addLedgers(ledgers: readonly Ledger[]): Ledger {
  const sums = COUNTS.map((count) => [count, ledgers.reduce((sum, ledger) => sum + ledger[count], 0)]);
  // Object.fromEntries forgets the keys.
  return Object.fromEntries(sums) as Ledger;
}
