import type { ChannelConfig } from '../config/schema.ts';
import type { Segment } from '../core/recovery.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Trigger } from '../core/trigger.ts';
import { type Gap, NO_GAPS } from '../observe/gap-log.ts';
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
}

/** Those of a plain call: a first attempt at a full batch, and nothing happened to it. */
const PLAIN = Object.freeze(new Details());

/**
 * One call of `process`: the context its implementer is given, the messages it delivers and what the pump must remember.
 * At batch size 1 each byte is felt, so a plain call is small; what is rarely asked for is a getter.
 */
export class Call implements BatchContext {
  readonly slot: Slot;
  /** As it was when the call began: a reload takes effect with the next batch. */
  readonly config: ChannelConfig;
  /** How many messages it delivers. */
  readonly size: number;
  /** One message alone needs no array around it until somebody asks. */
  private load: unknown;
  private isList: boolean;
  /** Set when it settled or was abandoned: what comes after is late. */
  isOver = false;
  details: Readonly<Details> = PLAIN;

  /** `load`: its messages, or the only one. */
  constructor(slot: Slot, size: number, load: unknown, isList: boolean) {
    this.slot = slot;
    this.config = slot.config;
    this.size = size;
    this.load = load;
    this.isList = isList;
  }

  /** Nothing is to be known of it but its messages. */
  get isPlain(): boolean {
    return this.details === PLAIN;
  }

  /** What is not plain about it. */
  note(details: Partial<Details>): void {
    this.details = { ...this.details, ...details };
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
    const { controller = new AbortController(), isTimedOut } = this.details;
    if (isTimedOut) controller.abort(timeoutError(this));
    this.note({ controller });
    return controller.signal;
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
    const { failures = new Map<number, unknown>() } = this.details;
    this.note({ failures: failures.set(index, error) });
  }

  /** What it delivers, after this attempt. */
  attempted(error = this.details.before?.error): Segment {
    const { messages, attempt: attempts } = this;
    const { isSplit = false, isSuspect = false } = this.details.before ?? {};
    return { messages, attempts, acceptedAt: this.slot.startedWith, isSplit, isSuspect, error };
  }

  /** The deadline passed: tells the handler; the call keeps its place until it settles or is abandoned. */
  timeOut(): void {
    this.note({ isTimedOut: true });
    this.details.controller?.abort(timeoutError(this));
  }
}

export function timeoutError({ slot, config }: Call): Error {
  return new Error(`process of channel '${slot.id}' did not settle within ${config.processTimeoutMs} ms`);
}
