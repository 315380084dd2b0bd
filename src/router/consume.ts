import { Writable } from 'node:stream';
import { untilAborted } from '../adapters/until-aborted.ts';
import { checkOptions, whenAborted } from '../config/options.ts';
import { isThenable } from '../core/contained.ts';
import { listOf } from '../core/recognition.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { elementsOf } from './elements.ts';
import type { IntakeCount } from './intake.ts';
import { MixedStream } from './mixed-stream.ts';
import { type OfferOptions, offerOptions, type RouteOptions, routeOptions } from './offer-options.ts';
import { type RouterParts, whyNotRunning } from './parts.ts';

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

/**
 * Takes in all a source has. Ends with the source, or quietly with the signal or the router. Rejects with `not-running` if
 * that does not run.
 */
export async function consume(parts: RouterParts, source: Source, options: OfferOptions): Promise<ConsumeCount> {
  checkOptions('consume', options, offerOptions);
  const why = whyNotRunning(parts);
  if (why !== undefined) throw new SluiceError('not-running', `consume: the router ${why}`);
  const stream = new MixedStream(parts.intake, options);
  const end = new AbortController();
  const stop = (): void => {
    stream.end();
    end.abort();
  };
  const releases = [options.signal, parts.fleet.supervisor.ended].map((signal) => signal && whenAborted(signal, stop));
  try {
    // Nothing is read for a signal that has aborted.
    if (stream.isOver) return stream.count;
    await takeAll(source, stream, end.signal);
    await stream.whenSettled();
  } catch (error) {
    if (!end.signal.aborted) throw error;
    await stream.whenSettled();
  } finally {
    for (const release of releases) release?.();
  }
  const { count, returned } = stream;
  return returned.length === 0 ? count : { ...count, returnedMessages: returned };
}

async function takeAll(source: Source, stream: MixedStream, signal: AbortSignal): Promise<void> {
  const kinds = [Symbol.asyncIterator, Symbol.iterator];
  const elements = elementsOf(source, kinds, (kind) => `consume: the source must be iterable, got ${kind}`);
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

/**
 * A Node stream in front of a router. It finishes when each message has its answer, and fails with `not-running` when the
 * router does not run or stops: what is written to it must not seem to be taken in.
 */
export function createWritable(parts: RouterParts, options: RouteOptions): Writable {
  checkOptions('writable', options, routeOptions);
  const { fleet, intake, streamFailed } = parts;
  const stream = new MixedStream(intake, options);
  const failure = (): Error | null => {
    const why = whyNotRunning(parts);
    if (why === undefined) return null;
    const lost = stream.returned.length === 0 ? '' : `; ${stream.returned.length} messages were not taken in`;
    return new SluiceError('not-running', `writable: the router ${why}${lost}`);
  };
  const finish = (done: (error: Error | null) => void) => () => done(failure());
  const release = whenAborted(fleet.supervisor.ended, () => {
    stream.end();
    const fail = () => writable.destroy(failure() ?? undefined);
    stream.whenSettled().then(fail, fail);
  });
  const writable = new ListCopier({
    objectMode: true,
    write(element, _encoding, done) {
      if (failure() !== null) return done(failure());
      const pause = stream.take(element);
      if (pause === undefined) done();
      else pause.then(finish(done), done);
    },
    final(done) {
      stream.whenSettled().then(finish(done), done);
    },
    destroy(error, done) {
      release();
      stream.end();
      done(error);
    },
  });
  // Without a listener of the host's own the error would end the process.
  return writable.on('error', streamFailed);
}

/** Node keeps what is written until its turn, and the caller may use its array again: of a list it keeps a copy. */
class ListCopier extends Writable {
  // Node tells by what it is given how it was called: a function in any place is the callback.
  override write(element: unknown, encoding?: unknown, done?: unknown): boolean {
    return super.write(listOf(element, true) ?? element, encoding as BufferEncoding, done as () => void);
  }

  override end(element?: unknown, encoding?: unknown, done?: unknown): this {
    return super.end(listOf(element, true) ?? element, encoding as BufferEncoding, done as () => void);
  }
}
