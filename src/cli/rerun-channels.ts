import { type BatchContext, type LifeContext, ProcessingChannel } from '../channel/processing-channel.ts';
import type { CalmState } from '../incident/record.ts';
import type { Step } from './incident-file.ts';
import type { Tape } from './rerun-tape.ts';

/** Whoever waits for a call: told when the record says that it settled. */
interface Waiter {
  fulfilled(): void;
  rejected(error: unknown): void;
}

/** The calls of the recorded channels' code, made again by stand-ins: they do what the record says. */
export class RecordedCalls {
  readonly waiters = new Map<number, Waiter>();
  readonly contexts = new Map<number, Pick<BatchContext, 'emit'> & Partial<Pick<BatchContext, 'fail'>>>();
  readonly #tape: Tape;

  readonly #has: CalmState['has'];

  /** `has`: the methods of the instances that are there at a calm start. */
  constructor(tape: Tape, has: CalmState['has'] = {}) {
    this.#tape = tape;
    this.#has = has;
  }

  /** Makes stand-ins for the instances of a channel. */
  factory(channel: string): () => StandIn {
    return () => {
      const made = this.#tape.take('make', () => `an instance of ${channel} is made`);
      if (made !== undefined && made.channel !== channel) this.#tape.differ(made, `an instance of ${channel} is made`);
      if (made !== undefined) this.#tape.within(() => {});
      if (made !== undefined && 'error' in made) throw thrown(made.error);
      return new StandIn(this, channel, made?.has ?? this.#has[channel] ?? []);
    };
  }

  process(channel: string, batch: readonly unknown[], context: BatchContext): unknown {
    const { attempt } = context;
    const text = `process of ${channel} gets ${batch.length} messages, attempt ${attempt}`;
    const begun = this.#tape.take('process', () => text);
    if (begun === undefined) return undefined;
    if (begun.channel !== channel || begun.size !== batch.length || begun.attempt !== attempt)
      this.#tape.differ(begun, text);
    const waiting = this.#run(begun, context);
    return waiting && Object.assign(Promise.resolve(), waiting);
  }

  /** `warmUp` or `close`. */
  live(is: 'warmUp' | 'close', channel: string, context: LifeContext): unknown {
    const begun = this.#tape.take(is, () => `${is} of ${channel} is called`);
    if (begun === undefined) return undefined;
    if (begun.channel !== channel) this.#tape.differ(begun, `${is} of ${channel} is called`);
    return this.#run(begun, context);
  }

  validate(channel: string, message: unknown): unknown {
    const checked = this.#tape.take('validate', () => `${channel} checks a message`);
    if (checked === undefined) return message;
    this.#tape.within(() => {});
    if ('error' in checked) throw thrown(checked.error);
    return 'payload' in checked ? checked.payload : message;
  }

  #run({ call }: Step & { readonly call: number }, context: BatchContext | LifeContext): PromiseLike<void> | undefined {
    this.contexts.set(call, context);
    this.#tape.within(() => {});
    const end = this.#tape.take('return', () => `call ${call} goes on`);
    if (end === undefined) return undefined;
    if (end.call !== call) this.#tape.differ(end, `call ${call} ends`);
    if ('error' in end) throw thrown(end.error);
    return end.isPromise === true ? this.#pending(call) : undefined;
  }

  #pending(call: number): PromiseLike<void> {
    const { waiters } = this;
    return {
      // biome-ignore lint/suspicious/noThenProperty: it stands for a promise that settles when the record says so
      then(fulfilled, rejected) {
        waiters.set(call, {
          fulfilled: () => void fulfilled?.(),
          rejected: (error) => void rejected?.(error),
        });
        // Nobody chains what a router waits for.
        return undefined as never;
      },
    };
  }
}

/** Stands for an instance of a class that is not here. */
class StandIn extends ProcessingChannel<unknown, unknown, unknown> {
  readonly #calls: RecordedCalls;
  readonly #channel: string;

  constructor(calls: RecordedCalls, channel: string, has: readonly string[]) {
    super();
    this.#calls = calls;
    this.#channel = channel;
    // What a call gives is what the router is given: a promise by its looks.
    if (has.includes('warmUp')) this.warmUp = (context) => calls.live('warmUp', channel, context) as Promise<void>;
    if (has.includes('close')) this.close = (context) => calls.live('close', channel, context) as Promise<void>;
    if (has.includes('validate')) this.validate = (message) => calls.validate(channel, message);
  }

  override process(batch: readonly unknown[], context: BatchContext<unknown, unknown>): Promise<void> {
    return this.#calls.process(this.#channel, batch, context) as Promise<void>;
  }
}

/** What was thrown: an error of the same text and with the same advice. */
export function thrown(error: unknown): unknown {
  // The file holds an object for whatever was thrown.
  const { name, text, thrown: value, ...advice } = error as Readonly<Record<string, unknown>>;
  if (value !== undefined) return value;
  if (text === undefined) return { name, ...advice };
  return Object.assign(new Error(String(text)), { name }, advice);
}
