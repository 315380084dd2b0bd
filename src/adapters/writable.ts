import { Writable } from 'node:stream';

/** Offers one message and resolves when it was taken in or refused. */
export type Offer = (message: unknown) => unknown;

/** A Node stream in front of an offer: it takes the next message when the one before was taken in or refused. */
export function createWritable(offer: Offer): Writable {
  return new Writable({
    objectMode: true,
    write(message, _encoding, done) {
      Promise.resolve(offer(message)).then(() => done(), done);
    },
  });
}
