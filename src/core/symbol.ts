import { contained, isThenable, watch } from './contained.ts';

/** The symbol a message is about: its `sym`, `pair`, `symbol` or `ticker`; '' when it has none. Never throws. */
export function symbolOf(message: unknown): string {
  try {
    if (typeof message !== 'object' || message === null) return '';
    // A claim about unknown data that the checks below verify.
    const { sym, pair, symbol, ticker } = message as Record<string, unknown>;
    if (typeof sym === 'string') return sym;
    for (const name of [pair, symbol, ticker]) if (typeof name === 'string') return name;
    return '';
  } catch {
    return '';
  }
}

/**
 * Makes a reader of keys that never throws: of a field by name ('sym' finds the symbol in all its spellings), or by a
 * function. It returns '' when there is no key, and calls `failed`, which must not throw, when `partitionBy` throws or
 * returns something else than a string.
 */
export function keyReader(
  partitionBy: string | ((message: unknown) => string),
  failed: (error: unknown) => void = () => {},
): (message: unknown) => string {
  if (partitionBy === 'sym') return symbolOf;
  const read: (message: unknown) => unknown =
    typeof partitionBy === 'function' ? partitionBy : (message) => fieldOf(message, partitionBy);
  const key = contained((message: unknown): string => {
    const found = read(message);
    if (typeof found === 'string') return found;
    watch(found);
    throw new TypeError(`partitionBy must return a string, got ${isThenable(found) ? 'a promise' : typeof found}`);
  }, failed);
  return (message) => key(message) ?? '';
}

function fieldOf(message: unknown, field: string): string {
  if (typeof message !== 'object' || message === null) return '';
  const value = (message as Record<string, unknown>)[field];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
