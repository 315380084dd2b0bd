import type { DataChannelRouter } from '../router/router.ts';
import { toText } from './plain.ts';
import type { Letters } from './protocol.ts';

const LETTERS_MAX = 100;

/** The newest dead letters of a channel, or with null those of no channel, newest first; messages only if wanted. */
export function listLetters(router: DataChannelRouter, channel: string | null, showPayloads: boolean): Letters {
  const all = router.deadLetters.list({ channel });
  const letters = all.slice(-LETTERS_MAX).reverse();
  return {
    stored: all.length,
    letters: letters.map(({ message, error, ...letter }) => ({
      ...letter,
      error: toText(error),
      ...(showPayloads && { message: toText(message) }),
    })),
  };
}
