import { setMaxListeners } from 'node:events';
import { untilAborted } from '../adapters/until-aborted.ts';
import { isBytes } from '../core/recognition.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { IntakeCount } from './intake.ts';
import type { MixedStream } from './mixed-stream.ts';

/** What gives messages, or lists of them. */
export type Source = Iterable<unknown> | AsyncIterable<unknown>;

/** What became of the messages of a source. */
export interface ConsumeCount extends IntakeCount {
  /**
   * Messages that were read from the source but are not in the router because the signal or `stop` came first, in order;
   * those that `stop` rejected are counted in `rejected`, too. Left out when there are none.
   */
  readonly returnedMessages?: readonly unknown[];
}

/** Takes in all a source has. Ends with the source, or quietly with the first of the signals. */
export async function consume(
  source: Source,
  stream: MixedStream,
  signals: readonly (AbortSignal | undefined)[],
): Promise<ConsumeCount> {
  const end = new AbortController();
  const release = whenFirstAborts(signals, () => {
    stream.end();
    end.abort();
  });
  try {
    // Nothing is read for a signal that has aborted.
    if (stream.isOver) return stream.count;
    for await (const element of elementsOf(source, end.signal)) {
      await stream.take(element);
      if (stream.isOver) break;
    }
    await stream.whenSettled();
  } catch (error) {
    if (!end.signal.aborted) throw error;
    await stream.whenSettled();
  } finally {
    release();
  }
  const { count, returned } = stream;
  return returned.length === 0 ? count : { ...count, returnedMessages: returned };
}

/** Calls when one of the signals aborts, until it is released. */
export function whenFirstAborts(signals: readonly (AbortSignal | undefined)[], call: () => void): () => void {
  for (const signal of signals) {
    // Node takes more than ten listeners for a leak; each of these goes with its stream.
    if (signal instanceof AbortSignal) setMaxListeners(0, signal);
    signal?.addEventListener('abort', call, { once: true });
    if (signal?.aborted === true) call();
  }
  return () => {
    for (const signal of signals) signal?.removeEventListener('abort', call);
  };
}

/** Text and bytes are one element, which no channel takes; nobody means their characters. */
function elementsOf(source: Source, signal: AbortSignal): Source {
  if (isBytes(source)) return [source];
  if (typeof source !== 'object' || source === null || !(Symbol.asyncIterator in source || Symbol.iterator in source))
    throw new SluiceError('invalid-option', `consume: the source must be iterable, got ${typeof source}`);
  // A source that is not asynchronous is never silent.
  return Symbol.asyncIterator in source ? untilAborted(source, signal) : source;
}
