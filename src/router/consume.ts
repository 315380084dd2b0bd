import { untilAborted } from '../adapters/until-aborted.ts';
import { kindOf } from '../config/field.ts';
import { whenAborted } from '../config/options.ts';
import { isThenable } from '../core/contained.ts';
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
    await takeAll(source, stream, end.signal);
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
  const releases = signals.map((signal) => signal && whenAborted(signal, call));
  return () => {
    for (const release of releases) release?.();
  };
}

async function takeAll(source: Source, stream: MixedStream, signal: AbortSignal): Promise<void> {
  const elements = elementsOf(source);
  if (Symbol.asyncIterator in elements) {
    for await (const element of untilAborted(elements, signal)) {
      await stream.take(element);
      if (stream.isOver) return;
    }
    return;
  }
  // A promise among them is waited for. `for await` would do so for each element, and even to ask runs code of the host's.
  for (const element of elements) {
    await stream.take(isPromise(element) ? await orAborted(element, signal) : element);
    if (stream.isOver) return;
  }
}

/** Text and bytes are one element, which no channel takes; nobody means their characters. */
function elementsOf(source: Source): Source {
  if (isBytes(source)) return [source];
  // The caller may use its array again.
  if (Array.isArray(source)) return [...source];
  if (typeof source === 'object' && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source))
    return source;
  throw new SluiceError('invalid-option', `consume: the source must be iterable, got ${kindOf(source)}`);
}

/** What cannot be asked is a message, which nobody can read. */
function isPromise(element: unknown): element is PromiseLike<unknown> {
  try {
    return isThenable(element);
  } catch {
    return false;
  }
}

/** A promise that never settles must not keep a stream from its end. */
function orAborted(promise: PromiseLike<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const release = whenAborted(signal, () => reject(signal.reason));
    Promise.resolve(promise).then(resolve, reject).finally(release);
  });
}
