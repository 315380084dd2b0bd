import type { BatchContext } from '../channel/processing-channel.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** One call of `process`, as a reaction sees it. */
export interface ReactionCall {
  readonly batch: readonly unknown[];
  readonly context: BatchContext<never>;
  readonly clock: SimulatedClock;
}

/**
 * What a call of `process` meets before the channel's own work: that work follows when a reaction returns, or when its
 * promise resolves; it is left out when the reaction throws, or when its promise rejects.
 */
export type Reaction = (call: ReactionCall) => void | Promise<void>;

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

/** The call never settles. */
export function hang(): Reaction {
  return () => new Promise(() => {});
}

/** The call takes this many simulated ms. */
export function slow(ms: number): Reaction {
  return ({ clock }) => new Promise((resolve) => void clock.setTimeout(resolve, ms));
}

/** The call keeps the processor busy for this many simulated ms: nothing else runs meanwhile. */
export function busy(ms: number): Reaction {
  return ({ clock }) => clock.jump(ms);
}

/** The call names these messages of its batch as failed, by `context.fail`; the others go their way. */
export function failOnly(index: number | readonly number[], error: unknown = refusal()): Reaction {
  return ({ batch, context }) => {
    const indices = typeof index === 'number' ? [index] : index;
    // A batch that comes again may be shorter than the one the script was written for.
    for (const each of indices) if (each < batch.length) context.fail(each, error);
  };
}

/** The call throws if such a message is in its batch: a poison message. */
export function failWhen<Message>(isPoison: (message: Message) => boolean, error: unknown = refusal()): Reaction {
  return ({ batch }) => {
    // Whoever writes the test knows what the channel's own door lets in.
    if ((batch as readonly Message[]).some(isPoison)) throw error;
  };
}
