import { SluiceError } from '../core/sluice-error.ts';
import type { MessageJournal, Pressure, Target, TargetLimits } from './target.ts';

/** From so many bytes on messages are written each for itself, so that one that is refused leaves the order as it is. */
const APART_BYTES = 256 * 1024;

/** Writes messages, a frame at a time; reads on while the disk is not too far behind. */
export function journalTarget(
  journal: MessageJournal,
  { heldBytesMax, whenFull }: TargetLimits,
  pressure: Pressure,
): Target {
  const count = { delivered: 0, spilled: 0, refused: 0, ignored: 0, dropped: 0, held: 0, returned: 0 };
  let heldBytes = 0;
  let isFull = false;
  const drop = (dropped: number): void => {
    count.dropped += dropped;
    for (let n = 0; n < dropped; n += 1) pressure.dropped();
  };
  const settle = (messages: readonly unknown[], error: unknown): void => {
    const isInvalid = isRefusal(error);
    if (error !== undefined && !isInvalid) return drop(messages.length);
    count[isInvalid ? 'refused' : 'delivered'] += messages.length;
    if (isInvalid) for (const message of messages) pressure.refused(message, error);
    pressure.recovered();
  };
  const write = async (messages: readonly unknown[], bytes: number): Promise<void> => {
    count.held += messages.length;
    heldBytes += bytes;
    // Half of the room is for what is read after the pause was asked for.
    if (whenFull !== 'drop' && !isFull && heldBytes * 2 > heldBytesMax) {
      isFull = true;
      pressure.pause();
    }
    const error: unknown = await journal.write(messages).then(
      () => undefined,
      (failure: unknown) => failure ?? 'no reason',
    );
    count.held -= messages.length;
    heldBytes -= bytes;
    // A journal writes all of them or none: one that it refuses must not take the others along.
    if (isRefusal(error) && messages.length > 1) writeEach(messages, bytes);
    else settle(messages, error);
    if (!isFull || heldBytes * 4 > heldBytesMax) return;
    isFull = false;
    pressure.resume();
  };
  const writeEach = (messages: readonly unknown[], bytes: number): void => {
    for (const message of messages) void write([message], bytes / messages.length);
  };
  return {
    get counts() {
      return { ...count };
    },
    get isFull() {
      return isFull;
    },
    take(messages, bytes) {
      if (heldBytes + bytes > heldBytesMax) drop(messages.length);
      // One of them may be too large, which shows when those that come next are written already.
      else if (bytes > APART_BYTES) writeEach(messages, bytes);
      else void write(messages, bytes);
    },
    // A journal has all that came: who reads it decides.
    isUnwanted: () => false,
    ignore() {
      count.ignored += 1;
    },
    // What waits for the disk is the journal's: it cannot be taken back.
    end: () => [],
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'invalid-message';
}
