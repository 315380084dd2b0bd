import type { BreakerRates, BreakerState } from '../core/breaker-change.ts';
import type { Distribution } from '../core/histogram.ts';
import type { Ledger } from '../core/ledger.ts';
import type { RejectReason } from '../core/outcome.ts';
import type { Trigger } from '../core/trigger.ts';
import type { DeadLetterReason } from '../facts/dead-letters.ts';

/** Everything measured of a channel, since the start; a plain snapshot, summed over its partitions. */
export interface ChannelMetrics extends Ledger {
  /** The state of the channel; with several partitions, the worst of them. */
  readonly state: string;
  readonly rejectedBy: Readonly<Partial<Record<RejectReason, number>>>;
  readonly deadLetteredBy: Readonly<Partial<Record<DeadLetterReason, number>>>;
  /** `stay-ended`: a source lost or gave back the partition that they came from, whose next owner brings them again. */
  readonly returnedBy: Readonly<Partial<Record<'stopped' | 'stay-ended', number>>>;
  /** Outcomes, emits and failures that came after their call was over. */
  readonly late: number;
  /** Calls of `process`, attempts after a failure among them. */
  readonly calls: number;
  /** Calls that failed, as a whole or in part. */
  readonly failures: number;
  readonly retries: number;
  /** First attempts, by what made the batch due. */
  readonly batches: Readonly<Record<Trigger, number>>;
  /** How long calls of `process` took. */
  readonly processing: Distribution;
  /** How long messages waited before their first call. */
  readonly queueing: Distribution;
  /** Its part in the turns that all channels below priority 1 take. */
  readonly share: ShareMetrics;
  /** Messages that wait now. */
  readonly depth: number;
  /** Messages of `offer` and of streams that wait for room; they are not received yet. */
  readonly waitingOffers: number;
  readonly restarts: number;
  /** Messages that came without the key that their partition or `conflate` depends on. */
  readonly keyless: number;
  /** Null: it has none. */
  readonly breaker: BreakerMetrics | null;
}

/** How the channel shares the processor with others below priority 1. */
export interface ShareMetrics {
  /** Two channels that always have more to do share the time as their weights are to each other. */
  readonly weight: number;
  /**
   * How long its turns have taken, in ms: until `process` returned, and then what it did before it first waited for more
   * than promises that were settled. Turns of priority 1 are not shared, and not measured.
   */
  readonly spentMs: number;
}

/** What is measured of a breaker. */
export interface BreakerMetrics {
  readonly state: BreakerState;
  /** How often it opened. */
  readonly opened: number;
  readonly rates: BreakerRates;
  /** Its limits are exceeded although it is closed: it only observes. */
  readonly wouldBeOpen: boolean;
}
