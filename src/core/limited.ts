import type { LetterFilter } from './letter-store-port.ts';

/** What a limit leaves of letters in their order. */
export function limited<Letter>(letters: readonly Letter[], filter: Pick<LetterFilter, 'limit' | 'newest'>) {
  const { limit, newest } = filter;
  if (limit === undefined) return letters;
  const count = Math.max(0, limit);
  return newest === true ? letters.slice(Math.max(0, letters.length - count)) : letters.slice(0, count);
}
