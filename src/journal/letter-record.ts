import { errorText } from '../core/error-text.ts';
import type { KeptLetter, LetterFilter, NewLetter } from '../core/letter-store-port.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { encodeMessage } from './encode-message.ts';

/** A letter as a store writes it: all of it can be JSON. */
export interface LetterRecord extends Omit<KeptLetter, 'message' | 'error' | 'replayedAt'> {
  readonly error: string | null;
  readonly message?: unknown;
  /** Instead of a message that is bytes; base64. */
  readonly bytes?: string;
  readonly replayedAt: number | null;
}

const ID_LENGTH_MAX = 500;

/** Throws `SluiceError` `invalid-message` for a message that JSON cannot express. */
export function toRecord({ message, error, ...rest }: NewLetter): LetterRecord {
  const common = { ...rest, error: error === undefined ? null : errorText(error), replays: 0, replayedAt: null };
  if (message instanceof Uint8Array) return { ...common, bytes: Buffer.from(message).toString('base64') };
  encodeMessage(message);
  return { ...common, message };
}

export function readLetter({ bytes, ...record }: LetterRecord): KeptLetter {
  return {
    ...record,
    message: bytes === undefined ? record.message : Uint8Array.from(Buffer.from(bytes, 'base64')),
    error: record.error ?? undefined,
    replayedAt: record.replayedAt ?? undefined,
  };
}

export function markedReplayed(record: LetterRecord, at: number): LetterRecord {
  return { ...record, replays: record.replays + 1, replayedAt: at };
}

type Meant = Pick<NewLetter, 'channel' | 'reason' | 'at'>;

/** All but the id and the limit of the filter, which a store looks up itself. */
export function matches({ channel, reason, at }: Meant, filter: LetterFilter): boolean {
  if (at < (filter.since ?? 0)) return false;
  if (filter.channel !== undefined && channel !== filter.channel) return false;
  return filter.reason === undefined || reason === filter.reason;
}

export function checkLetterId(id: string): void {
  if (id.length > 0 && id.length <= ID_LENGTH_MAX) return;
  throw new SluiceError('invalid-message', `the id of a letter has 1 to ${ID_LENGTH_MAX} characters: ${id}`);
}
