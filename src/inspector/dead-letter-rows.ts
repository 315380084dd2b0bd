import { isRefusal } from '../facts/dead-letters.ts';
import type { DataChannelRouter } from '../router/router.ts';
import type { Letters } from './protocol.ts';
import { toText } from './text.ts';

const LETTERS_MAX = 100;
const HIDDEN = 'not shown: it may quote the message';

/** The newest dead letters of a channel, or with null those of no channel, newest first; messages only if wanted. */
export async function listLetters(
  router: DataChannelRouter,
  channel: string | null,
  showPayloads: boolean,
): Promise<Letters> {
  const all = await router.deadLetters.list({ channel, limit: LETTERS_MAX + 1, newest: true });
  const letters = all.slice(-LETTERS_MAX).reverse();
  return {
    hasMore: all.length > letters.length,
    letters: letters.map(({ message, error, ...letter }) => ({
      ...letter,
      // What is said against a message at the door may quote it.
      error: showPayloads || !isRefusal(letter.reason) ? toText(error) : HIDDEN,
      ...(showPayloads && { message: toText(message) }),
    })),
  };
}
