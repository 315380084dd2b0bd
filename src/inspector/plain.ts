/** Names of fields whose values must not be shown. */
const SECRET = /pass(?:word|phrase)?$|secret|token|credential|(?:api|private)[-_]?key|authorization/i;
const DEPTH_MAX = 8;
const ITEMS_MAX = 1_000;

const UNREADABLE = 'something that cannot be read';

/**
 * A copy for JSON: bounded in depth and width, functions by name, and without the values of fields named like a secret.
 * Never throws, whatever getters and proxies do.
 */
export function toPlain(value: unknown, depth = 0): unknown {
  try {
    return copyOf(value, depth);
  } catch {
    return UNREADABLE;
  }
}

function copyOf(value: unknown, depth: number): unknown {
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`;
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return '…';
  if (value instanceof Date || value instanceof RegExp || value instanceof Error) return String(value);
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => toPlain(item, depth + 1));
  const fields = Object.entries(value).slice(0, ITEMS_MAX);
  return Object.fromEntries(
    fields.map(([key, field]) => [key, SECRET.test(key) && field !== '' ? '(not shown)' : toPlain(field, depth + 1)]),
  );
}

const TEXT_MAX = 2_000;

/** At most 2,000 characters of any value, as text; never throws. */
export function toText(value: unknown): string {
  try {
    const text =
      value instanceof Error ? value.message : typeof value === 'string' ? value : JSON.stringify(toPlain(value));
    return text === undefined ? '' : text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
  } catch {
    return UNREADABLE;
  }
}
