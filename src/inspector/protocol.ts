import type { ChannelMetrics } from '../channel/channel-metrics.ts';
import type { ConfigChange } from '../config/diff.ts';
import type { ClusterView } from '../core/cluster-view.ts';
import type { Alert } from '../facts/events.ts';
import type { FeedReading } from '../report/feed-info.ts';
import type { HealthStatus } from '../report/health.ts';
import type { LetterCounts } from '../report/metrics.ts';
import type { SourceMetrics } from '../report/source-metrics.ts';

/** What the server sends to the page. The page is built with these types, so that the two always agree. */

/** How serious something is. */
export type Tone = 'good' | 'plain' | 'wait' | 'bad';

/** Something that happened, on the time line. */
export interface Entry {
  /** Counts up from 1. */
  readonly id: number;
  /** In ms since 1970. */
  readonly at: number;
  readonly kind: 'state' | 'restart' | 'breaker' | 'alert' | 'config' | 'operator' | 'owner';
  /** With `/n` for one of several partitions, or the name of a source or a feed; null: the entry is about the router. */
  readonly channel: string | null;
  readonly text: string;
  readonly tone: Tone;
  /** Of `state`: the transition, by the names of the states and the raw event. */
  readonly from?: string | null;
  readonly to?: string;
  readonly cause?: string;
  /** Of `config`: what changed. */
  readonly changes?: readonly ConfigChange[];
}

/** Two percentiles since the frame before; null: nothing was measured since. */
export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What a frame shows of a channel, a source and a feed alike. */
export interface Row {
  readonly name: string;
  readonly tone: Tone;
  readonly sinceMs: number;
  /** The sentence of `explain`. */
  readonly sentence: string;
}

/** A channel as one frame shows it. */
export interface ChannelRow
  extends Row,
    Pick<ChannelMetrics, 'state' | 'depth' | 'inFlight' | 'retries' | 'restarts' | 'breaker'>,
    Pick<ChannelMetrics, 'received' | 'rejected' | 'delivered' | 'deadLettered'> {
  /** The states of its partitions, and how many are in each. */
  readonly states: Readonly<Record<string, number>>;
  readonly capacity: number;
  /** Age of the oldest waiting message; null: no message waits. */
  readonly oldestMs: number | null;
  /** Dropped and conflated. */
  readonly shed: number;
  readonly queueing: Spread | null;
  readonly processing: Spread | null;
}

/** A source as one frame shows it; frames of the source are counted, not messages. */
export interface SourceRow extends Row, Omit<SourceMetrics, 'oldestMs' | 'cluster'> {
  /** How long the oldest frame that is not settled has been here; null: there is none. */
  readonly oldestMs: number | null;
}

/** A feed as one frame shows it. */
export interface FeedRow extends Row, FeedReading {}

/** Everything the page shows about one moment. */
export interface Frame {
  /** In ms since 1970. */
  readonly at: number;
  readonly state: string;
  readonly status: HealthStatus;
  readonly received: number;
  readonly unroutable: number;
  readonly ignored: number;
  readonly conserved: boolean;
  readonly deadLetters: LetterCounts;
  readonly faults: number;
  readonly alerts: readonly Alert[];
  readonly channels: readonly ChannelRow[];
  readonly sources: readonly SourceRow[];
  readonly feeds: readonly FeedRow[];
}

/** Who has which partition, by the name of the source. */
type Clusters = Readonly<Record<string, ClusterView>>;

/** The first message to a page, and to a page that fell behind. */
export interface Hello {
  /** What an operator may do; empty without `allowControl`. */
  readonly operations: readonly Operation[];
  readonly showPayloads: boolean;
  readonly frames: readonly Frame[];
  readonly entries: readonly Entry[];
  readonly config: unknown;
  /** Set when a source shares its partitions with other processes. */
  readonly clusters?: Clusters;
}

/** Every other message to a page. */
export interface Tick {
  readonly frame: Frame;
  readonly entries: readonly Entry[];
  /** As in `Hello`. Who has which partition is shown as it is now, and does not become part of the history. */
  readonly clusters?: Clusters;
  /** Set when the configuration was changed. */
  readonly config?: unknown;
}

/** What an operator can do to a channel. */
export const operations = ['pause', 'resume', 'flush', 'trip', 'reset', 'restart', 'drain', 'replay'] as const;
export type Operation = (typeof operations)[number];

/** What an operator can do to a feed. */
export const feedOperations = ['subscribe', 'unsubscribe'] as const;
export type FeedOperation = (typeof feedOperations)[number];

/** A dead letter as the page shows it. */
export interface LetterRow {
  readonly id: number | string;
  readonly at: number;
  readonly channel: string | null;
  readonly reason: string;
  readonly error: string;
  readonly attempts: number;
  /** Set with `showPayloads`. */
  readonly message?: string;
}

/** The newest dead letters. */
export interface Letters {
  /** There are older ones. */
  readonly hasMore: boolean;
  readonly letters: readonly LetterRow[];
}

/** States of ordinary traffic, entered too often to be news. */
export const routineStates: ReadonlySet<string | null> = new Set(['idle', 'buffering', 'flushing', 'reading', 'held']);
