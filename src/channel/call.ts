import type { ChannelConfig } from '../config/schema.ts';
import { isThenable } from '../core/contained.ts';
import { Counter } from '../core/counters.ts';
import { type Gap, NO_GAPS } from '../core/gap-log.ts';
import type { FailedBatch } from '../core/recovery.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Trigger } from '../core/trigger.ts';
import { depthOf, type Lane } from './lane.ts';
import type { BatchContext } from './processing-channel.ts';

/** What most calls do not have: they are a first attempt at a full batch, and nothing happens to them. */
interface Details {
  readonly trigger: Trigger;
  /** What it is another attempt at; undefined: the first. */
  readonly before: FailedBatch | undefined;
  readonly gaps: readonly Gap[];
  readonly isTimedOut: boolean;
  /** What `fail` named, by index. */
  readonly failures: Map<number, unknown> | undefined;
  readonly controller: AbortController | undefined;
}

const PLAIN: Details = Object.freeze({
  trigger: 'size',
  before: undefined,
  gaps: NO_GAPS,
  isTimedOut: false,
  failures: undefined,
  controller: undefined,
});

/** A call of `process`: the messages it delivers and what must be remembered of it. The implementer sees its context. */
export class Call implements BatchContext {
  /** As it was when the call began: a reload takes effect with the next batch. */
  readonly config: ChannelConfig;
  /** How many messages it delivers. */
  readonly size: number;
  private readonly lane: Lane;
  /** A list of messages, or the only one: that needs no array around it until somebody asks. */
  private readonly load: unknown;
  private isEnded = false;
  private details = PLAIN;

  constructor(lane: Lane, config: ChannelConfig, size: number, load: unknown) {
    this.lane = lane;
    this.config = config;
    this.size = size;
    this.load = load;
  }

  /** What is not plain about it. */
  note(details: Partial<Details>): void {
    this.details = { ...this.details, ...details };
  }

  /** What it delivers. A copy: a handler that empties its batch and then fails must not take the messages with it. */
  get messages(): readonly unknown[] {
    return this.size === 1 ? [this.load] : (this.load as readonly unknown[]).slice();
  }

  get isOver(): boolean {
    return this.isEnded;
  }

  get isTimedOut(): boolean {
    return this.details.isTimedOut;
  }

  get failures(): ReadonlyMap<number, unknown> | undefined {
    return this.details.failures;
  }

  get trigger(): Trigger {
    return this.details.trigger;
  }

  get gaps(): readonly Gap[] {
    return this.details.gaps;
  }

  get attempt(): number {
    return (this.details.before?.attempts ?? 0) + 1;
  }

  get ageMs(): number {
    return this.isEnded ? 0 : this.lane.times.ageMs;
  }

  get depth(): number {
    return depthOf(this.lane);
  }

  get rules(): unknown {
    return this.config.eventRules;
  }

  /** Made when first asked for: most handlers never look at it. */
  get signal(): AbortSignal {
    const { controller = new AbortController(), isTimedOut } = this.details;
    if (isTimedOut) controller.abort(this.timeoutError());
    this.note({ controller });
    return controller.signal;
  }

  // Getters, so that `process(batch, { emit })` works, and nothing is made for a handler that does not ask.
  get emit(): (event: unknown) => void {
    return (event) => {
      const { channel, counters, services } = this.lane;
      if (this.isEnded) counters[Counter.late] += 1;
      else services.bus.publish('event', { channel, event });
    };
  }

  get fail(): (index: number, error: unknown) => void {
    return (index, error) => this.failed(index, error);
  }

  private failed(index: number, error: unknown): void {
    if (this.isEnded) {
      this.lane.counters[Counter.late] += 1;
      return;
    }
    if (!Number.isInteger(index) || index < 0 || index >= this.size) {
      const allowed = `a whole number from 0 to ${this.size - 1}`;
      throw new SluiceError('invalid-option', `context.fail: index must be ${allowed}, got ${String(index)}`);
    }
    const { failures = new Map<number, unknown>() } = this.details;
    this.note({ failures: failures.set(index, error) });
  }

  /** Nothing counts any more that the handler says or does. */
  end(): void {
    this.isEnded = true;
  }

  /** The deadline passed: aborts the handler's signal; the call keeps its place until it settles or is abandoned. */
  timeOut(): void {
    this.note({ isTimedOut: true });
    const { controller } = this.details;
    if (controller === undefined) return;
    // The host listens to the signal.
    this.lane.services.bus.changes.tellAfterwards(() => controller.abort(this.timeoutError()));
  }

  /** Nobody waits for it any more. `putBack`: its messages go back to the head of what waits. */
  abandon(putBack: boolean): void {
    const { breaker, counters, recovery } = this.lane;
    this.end();
    this.timeOut();
    // Others may wait for the permit of a probe whose outcome nobody will hear of.
    breaker?.canceled();
    if (!putBack) return;
    counters[Counter.inFlight] -= this.size;
    recovery.putBack(this.asFailed());
  }

  timeoutError(): Error {
    return new Error(`process of channel '${this.lane.id}' did not settle within ${this.config.processTimeoutMs} ms`);
  }

  /** What it delivers, as a batch that failed with this attempt. */
  asFailed(error = this.details.before?.error): FailedBatch {
    const { isSplit = false, wasQuarantined = false } = this.details.before ?? {};
    const { messages, attempt, lane } = this;
    return { messages, attempts: attempt, acceptedAt: lane.times.acceptedAt, isSplit, wasQuarantined, error };
  }
}

/** A list of messages, or the only one, as `Inbox.take` gives them. */
export function loadOf(messages: readonly unknown[]): unknown {
  return messages.length === 1 ? messages[0] : messages;
}

/** What `process` returned, if it is a promise; even to look for a `then` runs code of the host's. */
export function promiseOf(result: unknown): Promise<unknown> | undefined {
  if (!isThenable(result)) return undefined;
  // A promise of our own kind is taken as it is, as `Promise.resolve` would; asking here costs less.
  return result instanceof Promise && result.constructor === Promise ? result : Promise.resolve(result);
}
