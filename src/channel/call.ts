import type { ChannelConfig } from '../config/schema.ts';
import { Counter } from '../core/counters.ts';
import { type Gap, NO_GAPS } from '../core/gap-log.ts';
import type { FailedBatch } from '../core/recovery.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Trigger } from '../core/trigger.ts';
import { depthOf, type Lane } from './lane.ts';
import type { BatchContext } from './processing-channel.ts';

/** A call of `process`: the messages it delivers and what must be remembered of it. The implementer sees its context. */
export class Call implements BatchContext {
  private readonly lane: Lane;
  /** As it was when the call began: a reload takes effect with the next batch. */
  readonly config: ChannelConfig;
  readonly trigger: Trigger;
  /** What it delivers. */
  readonly messages: readonly unknown[];
  /** When it began, and when its oldest message was accepted, in ms on the clock. */
  readonly startedAt: number;
  readonly acceptedAt: number;
  /** What it is another attempt at; undefined: the first. */
  readonly before: FailedBatch | undefined;
  private lost: readonly Gap[] = NO_GAPS;
  /** It settled or was abandoned: what comes after is late. */
  private isEnded = false;
  private isPastDeadline = false;
  /** What `fail` named, by index. */
  private named: Map<number, unknown> | undefined = undefined;
  private controller: AbortController | undefined = undefined;

  constructor(
    lane: Lane,
    config: ChannelConfig,
    trigger: Trigger,
    messages: readonly unknown[],
    startedAt: number,
    acceptedAt: number,
    before: FailedBatch | undefined,
  ) {
    this.lane = lane;
    this.config = config;
    this.trigger = trigger;
    this.messages = messages;
    this.startedAt = startedAt;
    this.acceptedAt = acceptedAt;
    this.before = before;
  }

  /** It goes out: counts it, and publishes what was dropped before it. */
  begin(): void {
    const { breaker, counters, inbox } = this.lane;
    counters[Counter.inFlight] += this.size;
    counters[Counter.calls] += 1;
    if (this.before !== undefined) counters[Counter.retries] += 1;
    else if (this.trigger !== 'size') counters[Counter[this.trigger]] += 1;
    breaker?.started(this.startedAt);
    if (inbox.hasGaps) this.lost = inbox.publishGaps();
    inbox.admitOffers();
  }

  get gaps(): readonly Gap[] {
    return this.lost;
  }

  get size(): number {
    return this.messages.length;
  }

  get isOver(): boolean {
    return this.isEnded;
  }

  get isTimedOut(): boolean {
    return this.isPastDeadline;
  }

  get failures(): ReadonlyMap<number, unknown> | undefined {
    return this.named;
  }

  get attempt(): number {
    return (this.before?.attempts ?? 0) + 1;
  }

  get ageMs(): number {
    return this.isEnded ? 0 : this.startedAt - this.acceptedAt;
  }

  get depth(): number {
    return depthOf(this.lane);
  }

  get rules(): unknown {
    return this.config.eventRules;
  }

  /** Made when first asked for: most handlers never look at it. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.isPastDeadline) this.controller.abort(this.timeoutError());
    return this.controller.signal;
  }

  emit(event: unknown): void {
    const { channel, counters, services } = this.lane;
    if (this.isEnded) counters[Counter.late] += 1;
    else services.bus.publish('event', { channel, event });
  }

  fail(index: number, error: unknown): void {
    if (this.isEnded) {
      this.lane.counters[Counter.late] += 1;
      return;
    }
    if (!Number.isInteger(index) || index < 0 || index >= this.size) {
      const allowed = `a whole number from 0 to ${this.size - 1}`;
      throw new SluiceError('invalid-option', `context.fail: index must be ${allowed}, got ${String(index)}`);
    }
    this.named ??= new Map();
    this.named.set(index, error);
  }

  /** Nothing counts any more that the handler says or does. */
  end(): void {
    this.isEnded = true;
  }

  /** The deadline passed: aborts the handler's signal; the call keeps its place until it settles or is abandoned. */
  timeOut(): void {
    this.isPastDeadline = true;
    this.controller?.abort(this.timeoutError());
  }

  timeoutError(): Error {
    return new Error(`process of channel '${this.lane.id}' did not settle within ${this.config.processTimeoutMs} ms`);
  }

  /** What it delivers, as a batch that failed with this attempt. */
  asFailed(error = this.before?.error): FailedBatch {
    const { isSplit = false, wasQuarantined = false } = this.before ?? {};
    const { messages, attempt, acceptedAt } = this;
    return { messages, attempts: attempt, acceptedAt, isSplit, wasQuarantined, error };
  }
}
