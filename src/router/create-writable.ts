import { Writable } from 'node:stream';
import { checkOptions } from '../config/options.ts';
import { listOf } from '../core/recognition.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { whenFirstAborts } from './consume.ts';
import { MixedStream } from './mixed-stream.ts';
import { type RouteOptions, routeOptions } from './offer-options.ts';
import { type RouterParts, whyNotRunning } from './parts.ts';

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
  const release = whenFirstAborts([fleet.supervisor.ended], () => {
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
