import type { BatchContext } from '../channel/processing-channel.ts';
import type { Clock } from '../core/clock.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** One call of `process`, as a reaction sees it. */
export interface ReactionCall<Message = unknown> {
  readonly batch: readonly Message[];
  readonly context: BatchContext;
  readonly clock: Clock;
}

/**
 * Runs before the channel's own work in a call of `process`. That work follows when the reaction returns or its promise
 * resolves. It is skipped when the reaction throws or its promise rejects.
 */
export type Reaction<Message = unknown> = (call: ReactionCall<Message>) => void | Promise<void>;

/** A reaction that waits for the test. */
export interface HeldCall extends Reaction {
  /** Lets the latest call with this reaction go on; does nothing if there is none. */
  succeed(): void;
  /** Lets that call fail. */
  fail(error?: unknown): void;
}

const refusal = (): Error => new Error('the script says so');

/** Nothing happens to the call. */
export function succeed(): Reaction {
  return () => {};
}

/** The call throws. */
export function fail(error: unknown = refusal()): Reaction {
  return () => {
    throw error;
  };
}

/** The call returns a promise that rejects. */
export function reject(error: unknown = refusal()): Reaction {
  return () => Promise.reject(error);
}

/** The call returns a promise that rejects with an error that has these properties. */
export function refuse(advice: { readonly retryable?: boolean; readonly retryAfterMs?: number }): Reaction {
  return reject(Object.assign(refusal(), advice));
}

/** The call never settles. */
export function hang(): Reaction {
  return () => new Promise(() => {});
}

/** The call settles when the test says so. */
export function hold(): HeldCall {
  let succeedNow = (): void => {};
  let failNow = (_error: unknown): void => {};
  const reaction: Reaction = () =>
    new Promise((resolve, reject) => {
      succeedNow = resolve;
      failNow = reject;
    });
  return Object.assign(reaction, {
    succeed: () => succeedNow(),
    fail: (error: unknown = refusal()) => failNow(error),
  });
}

/** The call takes this many ms, and then gets another reaction. */
export function slow(ms: number, then: Reaction = succeed()): Reaction {
  return (call) => new Promise<void>((resolve) => void call.clock.setTimeout(resolve, ms)).then(() => then(call));
}

/** The call keeps the processor busy for this many ms: nothing else runs meanwhile. */
export function busy(ms: number): Reaction {
  return ({ clock }) => {
    // Of the clocks there are, only the simulated one jumps.
    if ('jump' in clock) return (clock as SimulatedClock).jump(ms);
    for (const endMs = clock.now() + ms; clock.now() < endMs; );
  };
}

/** The call names these messages of its batch as failed, by `context.fail`, and delivers the others. */
export function failOnly(index: number | readonly number[], error: unknown = refusal()): Reaction {
  return ({ batch, context }) => {
    const indices = typeof index === 'number' ? [index] : index;
    // A batch that is delivered again may be shorter than the first one.
    for (const each of indices) if (each < batch.length) context.fail(each, error);
  };
}

/** The call throws if such a message is in its batch: a poison message. */
export function failWhen<Message>(
  isPoison: (message: Message) => boolean,
  error: unknown = refusal(),
): Reaction<Message> {
  return ({ batch }) => {
    if (batch.some(isPoison)) throw error;
  };
}
