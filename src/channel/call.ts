import type { ChannelConfig } from '../config/schema.ts';
import { type Gap, NO_GAPS } from '../core/gap-log.ts';
import type { Segment } from '../core/recovery.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Trigger } from '../core/trigger.ts';
import type { BatchContext } from './processing-channel.ts';
import type { Slot } from './slot.ts';

/**
 * One call of `process`: the context its implementer is given, the messages it delivers and what the pump must remember.
 * One object for all, because at batch size 1 each allocation is felt; what is rarely asked for is a getter.
 */
export class Call implements BatchContext {
  readonly slot: Slot;
  /** As it was when the call began: a reload takes effect with the next batch. */
  readonly config: ChannelConfig;
  /** How many messages it delivers. */
  readonly size: number;
  /** One message alone needs no array around it until somebody asks. */
  private several: readonly unknown[] | undefined;
  private readonly only: unknown;
  /** What it is another attempt at; undefined: the first. */
  before: Segment | undefined = undefined;
  readonly trigger: Trigger;
  gaps: readonly Gap[] = NO_GAPS;
  /** Set when it settled or was abandoned: what comes after is late. */
  isOver = false;
  isTimedOut = false;
  /** What `fail` named, by index. */
  failures: Map<number, unknown> | undefined = undefined;
  /** For `signal` alone; a private field would cost each call an initializer. */
  private controller: AbortController | undefined = undefined;

  constructor(slot: Slot, trigger: Trigger, several: readonly unknown[] | undefined, only?: unknown) {
    this.slot = slot;
    this.config = slot.config;
    this.size = several === undefined ? 1 : several.length;
    this.several = several;
    this.only = only;
    this.trigger = trigger;
  }

  /** What it delivers; the same array each time. */
  get messages(): readonly unknown[] {
    this.several ??= [this.only];
    return this.several;
  }

  /** A copy: a handler that empties its batch and then fails must not take the messages with it. */
  get batch(): readonly unknown[] {
    return this.several === undefined ? [this.only] : this.several.slice();
  }

  get attempt(): number {
    return (this.before?.attempts ?? 0) + 1;
  }

  get ageMs(): number {
    return this.slot.call === this ? this.slot.startedAt - this.slot.startedWith : 0;
  }

  get depth(): number {
    return this.slot.depth;
  }

  get rules(): unknown {
    return this.config.eventRules;
  }

  /** Made when first asked for: most handlers never look at it. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.isTimedOut) this.controller.abort(timeoutError(this));
    return this.controller.signal;
  }

  emit(event: unknown): void {
    if (this.isOver) this.slot.countLate();
    else this.slot.emit(event);
  }

  fail(index: number, error: unknown): void {
    if (this.isOver) return this.slot.countLate();
    if (!Number.isInteger(index) || index < 0 || index >= this.size) {
      const allowed = `a whole number from 0 to ${this.size - 1}`;
      throw new SluiceError('invalid-option', `context.fail: index must be ${allowed}, got ${String(index)}`);
    }
    this.failures ??= new Map();
    this.failures.set(index, error);
  }

  /** What it delivers, after this attempt. */
  attempted(error = this.before?.error): Segment {
    const { messages, attempt: attempts } = this;
    const acceptedAt = this.slot.startedWith;
    const { isSplit = false, isSuspect = false } = this.before ?? {};
    return { messages, attempts, acceptedAt, isSplit, isSuspect, error };
  }

  /** The deadline passed: tells the handler; the call keeps its place until it settles or is abandoned. */
  timeOut(): void {
    this.isTimedOut = true;
    this.controller?.abort(timeoutError(this));
  }
}

export function timeoutError({ slot, config }: Call): Error {
  return new Error(`process of channel '${slot.id}' did not settle within ${config.processTimeoutMs} ms`);
}
