import type { ConfigChange } from '../config/diff.ts';
import type { BreakerRates } from '../core/breaker-change.ts';
import type { FeedFacts } from '../core/feed-facts.ts';
import type { Gap } from '../core/gap-log.ts';
import type { RejectReason } from '../core/outcome.ts';
import type { Trigger } from '../core/trigger.ts';
import type { DeadLetter } from './dead-letters.ts';

/** Where a callback of the host threw, or that the recorder could not write; contained, counted and published here. */
export const FAULT_PLACES = [
  'listener',
  'logger',
  'inspector',
  'recorder',
  'close',
  'rule',
  'key',
  'retry-after',
  'stop',
  'letters',
] as const;
export type FaultPlace = (typeof FAULT_PLACES)[number];

/** What an alert is about; a closed set. */
export type AlertName =
  | 'breaker-open'
  | 'given-up'
  | 'hung'
  | 'mailbox-high'
  | 'error-rate'
  | 'oldest-message'
  | 'starvation'
  | 'refusing'
  | 'letters-evicted'
  | 'letters-held'
  | 'key-missing'
  | 'one-partition'
  | SourceAlertName
  | FeedAlertName
  | 'config-rejected';

/** Those of them that are about a source. */
type SourceAlertName = 'source-held' | 'source-failed' | 'source-unreachable' | 'source-halted';

/** Those that are about a feed; `feed-silent` is about a channel as well. */
type FeedAlertName = 'feed-silent' | 'feed-refused' | 'feed-flapping' | 'feed-lagging';

/** Something that is wrong now and that an operator should know. */
export interface Alert {
  readonly alert: AlertName;
  /** Null: the alert is about the router, a source or a feed. */
  readonly channel: string | null;
  /** Set if the alert is about a source. */
  readonly source?: string;
  /** Set if the alert is about a feed. */
  readonly feed?: string;
  /** What is wrong, in words, as of the last look. */
  readonly text: string;
  /** When it was raised, in ms since 1970. */
  readonly at: number;
}

/** The facts a router publishes, by event name. `channel` is the channel's name, with `/n` for the partitions of one. */
export type RouterFacts = {
  'router.entered': { readonly from: string | null; readonly to: string; readonly cause: string };
  'channel.entered': {
    readonly channel: string;
    readonly from: string | null;
    readonly to: string;
    readonly cause: string;
    readonly error: unknown;
  };
  /** The `n`th restart within `withinMs`. */
  'channel.restarted': { readonly channel: string; readonly n: number; readonly withinMs: number };
  'channel.gaveUp': { readonly channel: string; readonly restarts: number; readonly error: unknown };
  'batch.flushed': {
    readonly channel: string;
    readonly trigger: Trigger;
    readonly size: number;
    readonly ageMs: number;
    readonly durationMs: number;
    readonly attempt: number;
  };
  'batch.failed': {
    readonly channel: string;
    readonly size: number;
    readonly attempt: number;
    readonly error: unknown;
    readonly isTimedOut: boolean;
  };
  /** `channel` is null when no channel serves the message; `error`: what was said against it; undefined: nothing more. */
  'message.rejected': {
    readonly channel: string | null;
    readonly reason: RejectReason;
    readonly message: unknown;
    readonly error: unknown;
  };
  'message.dropped': Gap;
  'message.deadLettered': DeadLetter;
  /** A reload took the channel out: what it had not delivered waits so long for a channel of that name to come back. */
  'messages.held': { readonly channel: string; readonly count: number; readonly forMs: number };
  'breaker.opened': {
    readonly channel: string;
    readonly cause: string;
    readonly rates: BreakerRates;
    readonly coolDownMs: number;
  };
  'breaker.closed': { readonly channel: string; readonly cause: string };
  'drain.progressed': { readonly channel: string; readonly left: number };
  'source.entered': {
    readonly source: string;
    readonly from: string | null;
    readonly to: string;
    readonly cause: string;
    readonly error: unknown;
  };
  'source.gaveUp': { readonly source: string; readonly restarts: number; readonly error: unknown };
  /** The source removed these positions before they were read. */
  'source.gap': { readonly source: string; readonly partition: number; readonly from: number; readonly to: number };
  /** From now on the partition belongs to this process, until `stay.ended`. */
  'stay.began': {
    readonly source: string;
    readonly partition: number;
    readonly fence: number;
    readonly takeovers: number;
  };
  'stay.ended': {
    readonly source: string;
    readonly partition: number;
    readonly fence: number;
    readonly how: 'released' | 'lost' | 'closed';
    /** Why it was lost, if its source says so. */
    readonly why?: string;
  };
  'feed.entered': FeedFacts['feed.entered'];
  'feed.gap': FeedFacts['feed.gap'];
  'feed.gapClosed': FeedFacts['feed.gapClosed'];
  'feed.backfillFailed': FeedFacts['feed.backfillFailed'];
  'feed.refused': FeedFacts['feed.refused'];
  'feed.garbage': FeedFacts['feed.garbage'];
  'alert.raised': Alert;
  'alert.cleared': Alert & { readonly lastedMs: number };
  'config.applied': { readonly changes: readonly ConfigChange[] };
  'config.rejected': { readonly error: unknown };
  'callback.failed': { readonly place: FaultPlace; readonly channel: string | null; readonly error: unknown };
};

/** A router's bus as its host sees it: a mitt bus, whose listeners know what these channels emit. */
export interface RouterBus<Emitted> {
  on(type: 'event', listener: (event: Emitted) => unknown): void;
  on<Type extends keyof RouterFacts>(type: Type, listener: (event: RouterFacts[Type]) => unknown): void;
  on(type: '*', listener: (type: keyof RouterEvents, event: unknown) => unknown): void;
  off(type: 'event', listener?: (event: Emitted) => unknown): void;
  off<Type extends keyof RouterFacts>(type: Type, listener?: (event: RouterFacts[Type]) => unknown): void;
  off(type: '*', listener: (type: keyof RouterEvents, event: unknown) => unknown): void;
}

/** What a channel emitted, when nothing more is known of it. */
export interface AnyEmitted {
  readonly channel: string;
  readonly event: unknown;
}

/** What a router puts on its bus: its own facts, and as `event` what the channels emit. */
export type RouterEvents<Emitted = AnyEmitted> = RouterFacts & { event: Emitted };
