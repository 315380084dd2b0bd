import { SluiceError } from '../core/sluice-error.ts';
import type { MessageJournal, Pressure, Target, TargetLimits } from './target.ts';

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
  const settle = (settled: number, error: unknown): void => {
    const isInvalid = error instanceof SluiceError && error.code === 'invalid-message';
    if (error !== undefined && !isInvalid) return drop(settled);
    count[isInvalid ? 'refused' : 'delivered'] += settled;
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
    settle(messages.length, error);
    if (!isFull || heldBytes * 4 > heldBytesMax) return;
    isFull = false;
    pressure.resume();
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
