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

/** How the key of a message is read: a field by name ('sym' finds the symbol in all its spellings), or a function. */
export type PartitionBy = string | ((message: unknown) => string);

/**
 * Makes a reader of keys that never throws. It returns '' when there is no key, and calls `failed`, which must not throw,
 * when `partitionBy` throws or returns something else than a string.
 */
export function keyReader(
  partitionBy: PartitionBy,
  failed: (error: unknown) => void = () => {},
): (message: unknown) => string {
  if (partitionBy === 'sym') return symbolOf;
  const read = typeof partitionBy === 'function' ? partitionBy : (message: unknown) => fieldOf(message, partitionBy);
  return (message) => {
    try {
      const key: unknown = read(message);
      if (typeof key === 'string') return key;
      throw new TypeError(`partitionBy must return a string, got ${typeof key}`);
    } catch (error) {
      failed(error);
      return '';
    }
  };
}

function fieldOf(message: unknown, field: string): string {
  if (typeof message !== 'object' || message === null) return '';
  const value = (message as Record<string, unknown>)[field];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
