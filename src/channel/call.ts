import type { ChannelConfig } from '../config/schema.ts';
import { type Gap, NO_GAPS } from '../core/gap-log.ts';
import type { Segment } from '../core/recovery.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Trigger } from '../core/trigger.ts';
import type { BatchContext } from './processing-channel.ts';
import type { Slot } from './slot.ts';

/** What most calls do not have. */
class Details {
  trigger: Trigger = 'size';
  /** What it is another attempt at; undefined: the first. */
  before: Segment | undefined = undefined;
  gaps: readonly Gap[] = NO_GAPS;
  isTimedOut = false;
  /** What `fail` named, by index. */
  failures: Map<number, unknown> | undefined = undefined;
  controller: AbortController | undefined = undefined;

  get attempt(): number {
    return (this.before?.attempts ?? 0) + 1;
  }
}

/** Those of a plain call: a first attempt at a full batch, and nothing happened to it. */
const PLAIN: Readonly<Details> = Object.freeze(new Details());

/**
 * A call of `process`: the messages it delivers and what the pump must remember. One that was plain to its end serves
 * again: V8 takes note of every new object that an older one, here the slot, refers to.
 */
export class Call {
  readonly slot: Slot;
  /** As it was when the call began: a reload takes effect with the next batch. */
  config: ChannelConfig;
  /** How many messages it delivers. */
  size = 0;
  /** One message alone needs no array around it until somebody asks. */
  private load: unknown = undefined;
  private isList = false;
  /** Set when it settled or was abandoned: what comes after is late. */
  isOver = false;
  /** How often it has served. */
  number = 0;
  details = PLAIN;

  constructor(slot: Slot) {
    this.slot = slot;
    this.config = slot.config;
  }

  /** Serves, for so many messages: a list of them, or the only one. */
  begin(size: number, load: unknown, isList: boolean): void {
    this.config = this.slot.config;
    this.size = size;
    this.load = load;
    this.isList = isList;
    this.isOver = false;
    this.number += 1;
  }

  /** Keeps nothing alive any more. */
  empty(): void {
    this.load = undefined;
  }

  /** Nothing is to be known of it but its messages. */
  get isPlain(): boolean {
    return this.details === PLAIN;
  }

  /** What is not plain about it. */
  note(details: Partial<Details>): void {
    this.details = Object.assign(new Details(), this.details, details);
  }

  /** What it delivers; the same array each time. */
  get messages(): readonly unknown[] {
    if (!this.isList) this.load = [this.load];
    this.isList = true;
    return this.load as readonly unknown[];
  }

  /** A copy: a handler that empties its batch and then fails must not take the messages with it. */
  get batch(): readonly unknown[] {
    return this.isList ? (this.load as readonly unknown[]).slice() : [this.load];
  }

  /** What it delivers, after this attempt. */
  attempted(error = this.details.before?.error): Segment {
    const { messages, details, slot } = this;
    const { isSplit = false, isSuspect = false } = details.before ?? {};
    return { messages, attempts: details.attempt, acceptedAt: slot.startedWith, isSplit, isSuspect, error };
  }

  /** The deadline passed: tells the handler; the call keeps its place until it settles or is abandoned. */
  timeOut(): void {
    this.note({ isTimedOut: true });
    this.details.controller?.abort(timeoutError(this));
  }
}

/** What the implementer is given for one call; he may keep it, and knows nothing of calls that come later. */
export class Context implements BatchContext {
  private readonly call: Call;
  private readonly number: number;
  private readonly config: ChannelConfig;

  constructor(call: Call) {
    this.call = call;
    this.number = call.number;
    this.config = call.config;
  }

  private get details(): Readonly<Details> {
    return this.call.number === this.number ? this.call.details : PLAIN;
  }

  private get isLate(): boolean {
    return this.call.isOver || this.call.number !== this.number;
  }

  get trigger(): Trigger {
    return this.details.trigger;
  }

  get gaps(): readonly Gap[] {
    return this.details.gaps;
  }

  get attempt(): number {
    return this.details.attempt;
  }

  get ageMs(): number {
    return this.isLate ? 0 : this.call.slot.startedAt - this.call.slot.startedWith;
  }

  get depth(): number {
    return this.call.slot.depth;
  }

  get rules(): unknown {
    return this.config.eventRules;
  }

  /** Made when first asked for: most handlers never look at it. */
  get signal(): AbortSignal {
    const { controller = new AbortController(), isTimedOut } = this.details;
    if (isTimedOut) controller.abort(timeoutError(this.call));
    if (!this.isLate) this.call.note({ controller });
    return controller.signal;
  }

  emit(event: unknown): void {
    if (this.isLate) this.call.slot.countLate();
    else this.call.slot.emit(event);
  }

  fail(index: number, error: unknown): void {
    if (this.isLate) return this.call.slot.countLate();
    if (!Number.isInteger(index) || index < 0 || index >= this.call.size) {
      const allowed = `a whole number from 0 to ${this.call.size - 1}`;
      throw new SluiceError('invalid-option', `context.fail: index must be ${allowed}, got ${String(index)}`);
    }
    const { failures = new Map<number, unknown>() } = this.call.details;
    this.call.note({ failures: failures.set(index, error) });
  }
}

export function timeoutError({ slot, config }: Call): Error {
  return new Error(`process of channel '${slot.id}' did not settle within ${config.processTimeoutMs} ms`);
}
