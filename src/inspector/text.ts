import { errorText } from '../core/error-text.ts';
import { toPlain, UNREADABLE } from '../core/plain.ts';

const TEXT_MAX = 2_000;

/** At most 2,000 characters of any value, as text; never throws. */
export function toText(value: unknown): string {
  try {
    if (value instanceof Error) return errorText(value);
    const plain = toPlain(value);
    const text = typeof plain === 'string' ? plain : JSON.stringify(plain);
    return text === undefined ? '' : text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
  } catch {
    return UNREADABLE;
  }
}
