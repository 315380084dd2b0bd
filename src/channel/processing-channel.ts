import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ChannelConfig } from '../config/schema.ts';
import type { Gap } from '../core/gap-log.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Trigger } from '../core/trigger.ts';
import type { Logger } from '../facts/logging.ts';
import type { ChannelMetrics } from './channel-metrics.ts';
import { markAsOurs } from './copies.ts';
import type { SourcePositions } from './positions.ts';

/** What `process` gets with its batch. */
export interface BatchContext<Event = unknown, Rules = unknown> {
  /** 1 the first time; more when the same messages were handed over before, by this instance or one before a restart. */
  readonly attempt: number;
  /** Why the batch was due. */
  readonly trigger: Trigger;
  /** How long its oldest message waited, in ms; 0 once the call is over. */
  readonly ageMs: number;
  /** How many messages wait behind it. */
  readonly depth: number;
  /** What was dropped or conflated since the batch before, in order. */
  readonly gaps: readonly Gap[];
  /**
   * Where its messages lie in their sources, by stay: a sink can store them in its own transaction, and refuse a lower
   * fence. Empty for messages that came from no source, and once the call is over.
   */
  readonly positions: readonly SourcePositions[];
  /** The checked `eventRules` of the configuration. */
  readonly rules: Rules;
  /** Aborts after `processTimeoutMs`; a call that ignores it is abandoned `abandonAfterMs` later. */
  readonly signal: AbortSignal;
  /** Puts an event on the host's bus, at once and in order. Ignored and counted as late once the call is over. */
  emit(event: Event): void;
  /** Names one message of the batch, by its index, as failed; the others count as delivered. */
  fail(index: number, error: unknown): void;
}

/** What `warmUp` and `close` are given. */
export interface LifeContext<Event = unknown, Rules = unknown> {
  readonly rules: Rules;
  /** Aborts when the deadline passes. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  emit(event: Event): void;
}

/** What an instance can read of the partition it works for, and of its whole channel. */
interface Place {
  readonly inbox: { readonly mailbox: { readonly size: number; readonly capacity: number } };
  readonly batch: readonly unknown[];
  readonly lane: {
    readonly owner: { readonly config: ChannelConfig; readonly metrics: ChannelMetrics };
    /** In ms on the clock; NaN before the first batch. */
    readonly times: { readonly startedAt: number };
  };
}

/** Joins a new instance to its partition; called once, by the router. */
export let bindChannel: (channel: AnyChannel, place: Place) => void;

/**
 * The base of every channel: an implementer writes `process`, the base and the router do everything else.
 * Payload is what `process` gets, Event what it emits, Rules what `static rules` makes of `eventRules`.
 */
export abstract class ProcessingChannel<Payload, Event = never, Rules = Readonly<Record<string, unknown>>> {
  /** Checks `eventRules` when the router is made. Any Standard Schema, zod for one. */
  static readonly rules?: StandardSchemaV1 | undefined;
  /** What the channel emits; only `sluice/testing` checks events by it. Any Standard Schema. */
  static readonly events?: StandardSchemaV1 | undefined;
  /** Checks and converts each message at the door; synchronous. A message it refuses is rejected as `invalid`. */
  declare readonly schema?: StandardSchemaV1<unknown, Payload> | undefined;
  #place: Place | undefined;

  static {
    markAsOurs(ProcessingChannel.prototype);
    bindChannel = (channel, place) => {
      channel.#place = place;
    };
  }

  /** Instead of a schema: returns the payload, or throws to have the message rejected as `invalid`. */
  validate?(message: unknown): Payload;

  /** Runs before the first batch, under `warmUpTimeoutMs`; messages are already accepted and wait. */
  warmUp?(context: LifeContext<Event, Rules>): void | Promise<void>;

  /** Processes one batch; synchronous work pays for no promise. To throw (or reject) fails the whole batch. */
  abstract process(batch: readonly Payload[], context: BatchContext<Event, Rules>): void | Promise<void>;

  /** Runs after the last batch, when the channel stops. */
  close?(context: LifeContext<Event, Rules>): void | Promise<void>;

  /** The resolved configuration of the channel. */
  get config(): ChannelConfig {
    return this.#bound().lane.owner.config;
  }

  /** Everything that is measured, since the start. */
  get metrics(): ChannelMetrics {
    return this.#bound().lane.owner.metrics;
  }

  /** The bounded queue in front of it. */
  get queue(): { readonly size: number; readonly capacity: number } {
    const { size, capacity } = this.#bound().inbox.mailbox;
    return { size, capacity };
  }

  /** The batch being processed; empty between batches. */
  get batch(): readonly Payload[] {
    // Only this channel's own messages, checked at its own door, reach its partition.
    return this.#bound().batch as readonly Payload[];
  }

  /** When the last batch began, on the router's clock in ms; null before the first. */
  get lastBatchAt(): number | null {
    const { startedAt } = this.#bound().lane.times;
    return Number.isNaN(startedAt) ? null : startedAt;
  }

  #bound(): Place {
    if (this.#place !== undefined) return this.#place;
    throw new SluiceError('not-bound', 'a channel can be read after a router has started it, not in its constructor');
  }
}

/** Any channel, for code that is the same for all payloads. Its methods get only messages that its own check accepted. */
export type AnyChannel = ProcessingChannel<unknown, unknown, unknown>;

/** Makes an instance: at the start and again at every restart. */
export type ChannelFactory = () => AnyChannel;

/** The events a channel emits. */
export type EventOf<Channel> =
  Channel extends ProcessingChannel<infer _Payload, infer Event, infer _Rules> ? Event : never;
