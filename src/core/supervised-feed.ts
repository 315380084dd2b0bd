import type { FeedFacts } from './feed-facts.ts';

/** `new`: not started. `resting`: outside its hours. `failed`: the service refused; it is asked again by `reconnect` only. */
export type FeedState =
  | 'new'
  | 'resting'
  | 'connecting'
  | 'authenticating'
  | 'subscribing'
  | 'streaming'
  | 'waiting'
  | 'failed'
  | 'stopped';

/** `wanted`: not asked for on this connection. `asked`: without an answer. A refused one is not asked for again. */
export type Standing = 'wanted' | 'asked' | 'accepted' | 'refused';

/** Everything a feed counts, from its start. `received` is `delivered`, `refused`, `ignored`, `dropped`, `held`, `returned` and `repeatedDropped` together. */
export interface FeedMetrics {
  readonly frames: number;
  readonly bytes: number;
  /** Messages of the service about the connection. */
  readonly control: number;
  /** Frames, or elements of frames, that are no message. */
  readonly garbage: number;
  /** Pings of the service, and answers to ours. */
  readonly beats: number;
  /** How often a socket was opened, or tried to. */
  readonly connections: number;
  /** How often messages could come again after they could before. */
  readonly reconnects: number;
  /** How often the service said no to a login or to subscriptions. */
  readonly refusals: number;
  /** How often it said that there is too much of something. */
  readonly limits: number;
  /** Messages that were read. */
  readonly received: number;
  /** How many of them had a sequence number that came before. */
  readonly repeated: number;
  /** How many of these were let go because the feed was told to. */
  readonly repeatedDropped: number;
  /** When the last one came, in ms since 1970; null: none did. */
  readonly lastMessageAt: number | null;
  /** How long after its own time the last one came, in ms; below 0 if the clocks differ; null: it had none. */
  readonly lagMs: number | null;
  /** The longest of this connection. */
  readonly lagMsMax: number | null;
  /** Taken in by the router, or written to the journal. */
  readonly delivered: number;
  /** How many of these a router had no room for, so that they went to its journal. */
  readonly spilled: number;
  /** The router did not want them for another reason than room; its dead letters say which. */
  readonly refused: number;
  /** Nobody wants messages of this type. */
  readonly ignored: number;
  /** Nobody had room. */
  readonly dropped: number;
  /** They wait for room, or for the disk. */
  readonly held: number;
  /** Were held when the feed was stopped. */
  readonly returned: number;
  /** `missing`: the sum of what was known to be missing, closed gaps included. `late`: how many of these came after all. */
  readonly gaps: { readonly found: number; readonly closed: number; readonly missing: number; readonly late: number };
  /** Attempts that failed since messages last came for a stable while. */
  readonly failures: number;
  /** How often a callback of the host, or a function of the profile, threw. */
  readonly faults: number;
  /** Whether what was received is accounted for. */
  readonly conserved: boolean;
}

/** One feed at one moment. Holds no credentials. */
export interface FeedView {
  readonly name: string;
  readonly profile: string;
  /** Without what stands behind its path. */
  readonly url: string;
  readonly state: FeedState;
  /** The event that led into the state, and what it said. */
  readonly cause: string;
  readonly error: unknown;
  /** How long it has been in it. */
  readonly forMs: number;
  /** Null: it is not `waiting`. */
  readonly retryInMs: number | null;
  /** Since when no frame has come, pings included; null: it is not `streaming`. */
  readonly quietMs: number | null;
  /** The socket is paused because nobody has room. */
  readonly isPaused: boolean;
  readonly subscriptions: Readonly<Record<string, Standing>>;
  readonly metrics: FeedMetrics;
}

/** What a feed hands back when it is stopped. */
export interface FeedReport {
  readonly view: FeedView;
  /** Messages that were read and waited for room, in order. */
  readonly returnedMessages: readonly unknown[];
}

type AnyFact = (type: keyof FeedFacts, fact: FeedFacts[keyof FeedFacts]) => unknown;

/** A feed as its router sees it: what `createFeed` of `sluice/feeds` makes. */
export interface SupervisedFeed {
  readonly name: string;
  readonly view: FeedView;
  readonly events: { on(type: '*', listener: AnyFact): void; off(type: '*', listener: AnyFact): void };
  /** Why messages come or do not, in a sentence or two. */
  explain(): string;
  start(): void;
  /** Ends it for good. Called again, it gives the same report. */
  stop(): FeedReport;
  /** Connects anew now. */
  reconnect(): void;
  /** Subscribes to more. Throws `SluiceError` `invalid-option` for a name that the service cannot mean. */
  subscribe(names: readonly string[]): void;
  unsubscribe(names: readonly string[]): void;
}
