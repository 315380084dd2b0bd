import type { Outcome } from '../core/outcome.ts';
import type { Spill } from '../core/source-port.ts';
import type { FeedMetrics } from '../core/supervised-feed.ts';
import type { FeedProfile } from './profile.ts';

/**
 * What becomes of messages when nobody has room: the socket waits, or they are let go, with a gap that says so, or they go
 * to the journal that the router reads.
 */
export type FullPolicy = 'pause' | 'drop' | 'spill';

/** A router, as far as a feed uses it. */
export interface MessageRouter {
  route(message: unknown, options?: { readonly dataType?: string }): Outcome;
  offer(message: unknown, options?: { readonly dataType?: string; readonly signal?: AbortSignal }): Promise<Outcome>;
  /** Of a router that knows feeds. */
  readonly feeds?: {
    /** Where messages can wait, of a profile with this table; undefined: nowhere. */
    spillFor(table: FeedProfile['recognize']): Spill | undefined;
    /** Takes in messages of one data type from one on, while they need nothing but room. Returns the next one, which is to be routed. */
    routeRun(messages: readonly unknown[], from: number, to: number, dataType: string): number;
  };
}

/** A journal, as far as a feed uses it. */
export interface MessageJournal {
  write(messages: readonly unknown[]): Promise<void>;
}

/** What became of messages after they were read; each of them is in one of these. */
export type TargetCounts = Pick<
  FeedMetrics,
  'delivered' | 'spilled' | 'refused' | 'ignored' | 'dropped' | 'held' | 'returned'
>;

/** How a target acts on its feed. */
export interface Pressure {
  /** Read nothing more, until `resume`. */
  pause(): void;
  resume(): void;
  /** A message was let go. */
  dropped(): void;
  /** A message will never be taken, and why; for those that a router refuses, the router says so. */
  refused(message: unknown, error: unknown): void;
  /** There is room again after messages were let go. */
  recovered(): void;
}

/** Where the messages of a feed go. */
export interface Target {
  readonly counts: TargetCounts;
  /** It asked for a pause that is not over. */
  readonly isFull: boolean;
  /** Messages in order, which had so many bytes together. */
  take(messages: readonly unknown[], bytes: number): void;
  /** Nobody wants messages with this in the field that tells them apart. */
  isUnwanted(type: string): boolean;
  /** A message of that kind came, and was not parsed. */
  ignore(): void;
  /** Takes nothing more; returns what waits, in order. */
  end(): readonly unknown[];
}

export interface TargetLimits {
  readonly whenFull: FullPolicy;
  /** So many bytes of messages may wait; beyond that they are let go. */
  readonly heldBytesMax: number;
}
