import { createRandom, type Random } from '../core/random.ts';

/** Faults of `process`; each strikes when the next message of its channel comes to it. */
export const CALL_FAULTS = ['throw', 'reject', 'poison', 'name', 'refuse', 'slow', 'hang', 'outage'] as const;

/** What happens around the channels: an operator at work, a warm-up that fails, a listener that throws. */
export const OUTSIDE_FAULTS = [
  'pause',
  'flush',
  'trip',
  'reset',
  'restart',
  'warm-up',
  'reconfigure',
  'misconfigure',
  'listener',
] as const;

export type CallFault = (typeof CALL_FAULTS)[number];
export type OutsideFault = (typeof OUTSIDE_FAULTS)[number];
export type FaultKind = CallFault | OutsideFault;

/** One fault of a plan. */
export interface Fault<Kind extends FaultKind> {
  readonly kind: Kind;
  readonly channel: string;
  /** How bad it is, from 0 to 1. */
  readonly severity: number;
}

/** Any fault of a plan. */
export type PlannedFault = Fault<CallFault> | Fault<OutsideFault>;

/** At most so many messages from one fault to the next. */
const GAP_MAX = 300;

/** Whether the fault strikes inside a call of `process`. */
export function isCallFault(fault: PlannedFault): fault is Fault<CallFault> {
  return (CALL_FAULTS as readonly string[]).includes(fault.kind);
}

/**
 * What goes wrong with each message, asked once for each: the same for the same seed, whatever the clock says.
 * Kinds are dealt like cards, so that all come equally often.
 */
export function createFaultPlan(seed: number, channels: readonly string[]): () => PlannedFault | undefined {
  const random = createRandom(seed);
  let cards: FaultKind[] = [];
  let left = gap(random);
  return () => {
    left -= 1;
    if (left > 0) return undefined;
    left = gap(random);
    if (cards.length === 0) cards = shuffled([...CALL_FAULTS, ...OUTSIDE_FAULTS], random);
    const kind = cards.pop();
    const channel = channels[Math.floor(random() * channels.length)];
    return kind === undefined || channel === undefined ? undefined : { kind, channel, severity: random() };
  };
}

function gap(random: Random): number {
  return 1 + Math.floor(random() * GAP_MAX);
}

/** Source: Fisher–Yates. */
function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const left = [...items];
  return items.flatMap(() => left.splice(Math.floor(random() * left.length), 1));
}
