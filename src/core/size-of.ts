const ITEMS_MAX = 100;
const DEPTH_MAX = 6;
const VALUES_MAX = 2_000;
/** What an object, or a reference to one, takes beside what it holds. */
const OBJECT_BYTES = 40;
const VALUE_BYTES = 8;

/**
 * About how many bytes a value takes, strings counted by their characters. Of a long list the first hundred items stand
 * for all. Takes a bounded time, whatever the value is, and never throws.
 */
export function sizeOf(value: unknown): number {
  let left = VALUES_MAX;
  const measure = (inner: unknown, depth: number): number => {
    left -= 1;
    if (typeof inner === 'string') return VALUE_BYTES + 2 * inner.length;
    if (typeof inner !== 'object' || inner === null) return VALUE_BYTES;
    if (ArrayBuffer.isView(inner) || inner instanceof ArrayBuffer) return OBJECT_BYTES + inner.byteLength;
    if (depth >= DEPTH_MAX || left <= 0) return OBJECT_BYTES;
    if (inner instanceof Error) return OBJECT_BYTES + measure([inner.message, inner.stack, inner.cause], depth + 1);
    const items = itemsOf(inner);
    const first = items.slice(0, ITEMS_MAX).reduce<number>((sum, item) => sum + measure(item, depth + 1), 0);
    return OBJECT_BYTES + (items.length > ITEMS_MAX ? (first * items.length) / ITEMS_MAX : first);
  };
  try {
    return Math.round(measure(value, 0));
  } catch {
    return OBJECT_BYTES;
  }
}

function itemsOf(value: object): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Map) return [...value.entries()];
  return value instanceof Set ? [...value] : Object.values(value);
}
