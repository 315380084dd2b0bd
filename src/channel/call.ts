import type { ChannelConfig } from '../config/schema.ts';
import { isThenable } from '../core/contained.ts';
import { Counter } from '../core/counters.ts';
import { type Gap, NO_GAPS } from '../core/gap-log.ts';
import type { Origins } from '../core/origin.ts';
import type { FailedBatch } from '../core/recovery.ts';
import type { Trigger } from '../core/trigger.ts';
import type { Lane } from './lane.ts';

/** What most calls do not have: they are a first attempt at a full batch, and nothing happens to them. */
export interface Details {
  readonly trigger: Trigger;
  /** What it is another attempt at; undefined: the first. */
  readonly before: FailedBatch | undefined;
  /** Of its messages; undefined: none has one. */
  readonly origins: Origins | undefined;
  readonly gaps: readonly Gap[];
  readonly isTimedOut: boolean;
  /** What `fail` named, by index. */
  readonly failures: Map<number, unknown> | undefined;
  readonly controller: AbortController | undefined;
}

const PLAIN: Details = Object.freeze({
  trigger: 'size',
  before: undefined,
  origins: undefined,
  gaps: NO_GAPS,
  isTimedOut: false,
  failures: undefined,
  controller: undefined,
});

/**
 * A call of `process`: the messages it delivers and what must be remembered of it. A delivery makes one call after the
 * other, so one object serves for all of them: V8 takes note of every new object that an older one refers to.
 */
export class Call {
  readonly lane: Lane;
  /** As it was when the call began: a reload takes effect with the next batch. */
  config: ChannelConfig;
  /** How many messages it delivers. */
  size = 0;
  /** The number of this call in its life, from 1. */
  number = 0;
  /** A list of messages, or the only one: that needs no array around it until somebody asks. */
  private load: unknown = undefined;
  isOver = true;
  details = PLAIN;

  constructor(lane: Lane, config: ChannelConfig) {
    this.lane = lane;
    this.config = config;
  }

  /** The next call begins, with that many messages as `takeNew` gives them. */
  begin(config: ChannelConfig, size: number, load: unknown): void {
    this.config = config;
    this.size = size;
    this.number += 1;
    this.load = load;
    this.isOver = false;
    this.details = PLAIN;
  }

  get attempt(): number {
    return (this.details.before?.attempts ?? 0) + 1;
  }

  /** What is not plain about it. */
  note(details: Partial<Details>): void {
    this.details = { ...this.details, ...details };
  }

  /** What it delivers. A copy: a handler that empties its batch and then fails must not take the messages with it. */
  get messages(): readonly unknown[] {
    return this.size === 1 ? [this.load] : (this.load as readonly unknown[]).slice();
  }

  /** Nothing counts any more that the handler says or does. */
  end(): void {
    this.isOver = true;
  }

  /** It is settled, and keeps nothing alive. */
  empty(): void {
    this.load = undefined;
  }

  /** The deadline passed: aborts the handler's signal; the call keeps its place until it settles or is abandoned. */
  timeOut(): void {
    this.note({ isTimedOut: true });
    const { controller } = this.details;
    if (controller === undefined) return;
    const error = this.timeoutError();
    // The host listens to the signal.
    this.lane.services.bus.changes.tellAfterwards(() => controller.abort(error));
  }

  /** Nobody waits for it any more. `putBack`: its messages go back to the head of what waits. */
  abandon(putBack: boolean): void {
    const { breaker, counters, recovery } = this.lane;
    this.end();
    this.timeOut();
    // Others may wait for the permit of a probe whose outcome nobody will hear of.
    breaker?.canceled();
    if (!putBack) return;
    recovery.putBack(this.asFailed());
    // Last: a stack that overflows before leaves the messages in flight.
    counters[Counter.inFlight] -= this.size;
  }

  timeoutError(): Error {
    return new Error(`process of channel '${this.lane.id}' did not settle within ${this.config.processTimeoutMs} ms`);
  }

  /** What it delivers, as a batch that failed with this attempt. */
  asFailed(error = this.details.before?.error): FailedBatch {
    const { isSplit = false, wasQuarantined = false } = this.details.before ?? {};
    const { attempt: attempts, lane, messages } = this;
    const { before, origins } = this.details;
    const keys = before === undefined ? lane.inbox.mailbox.keysTaken : before.keys;
    return { messages, origins, keys, attempts, acceptedAt: lane.times.acceptedAt, isSplit, wasQuarantined, error };
  }
}

/** A list of messages, or the only one, as `takeNew` gives them. */
export function loadOf(messages: readonly unknown[]): unknown {
  return messages.length === 1 ? messages[0] : messages;
}

/** What `process` returned, if it is a promise; even to look for a `then` runs code of the host's. */
export function promiseOf(result: unknown): Promise<unknown> | undefined {
  if (!isThenable(result)) return undefined;
  // A promise of our own kind is taken as it is, as `Promise.resolve` would; asking here costs less.
  return result instanceof Promise && result.constructor === Promise ? result : Promise.resolve(result);
}
