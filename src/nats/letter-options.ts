import { checkWhole, MEBIBYTE } from '../cluster/option-checks.ts';
import { type NatsLayout, natsSettings } from './nats-options.ts';

/** Where dead letters are kept: the same for all processes. */
export interface NatsLetterOptions extends Omit<NatsLayout, 'partitions' | 'maxAgeMs'> {
  /** How many letters there may be, 100,000 by default; when there are as many, messages wait instead of being given up. */
  readonly maxLetters?: number;
}

/** The same, checked and filled in. */
export type LetterSettings = Required<NatsLetterOptions>;

export function letterSettings({ maxLetters = 100_000, maxBytes = 1024 * MEBIBYTE, ...layout }: NatsLetterOptions) {
  checkWhole('maxLetters', maxLetters, 1, 1e7);
  const { connection, channel, replicas } = natsSettings({ ...layout, maxBytes, partitions: 1 });
  return { connection, channel, replicas, maxBytes, maxLetters } satisfies LetterSettings;
}
