import { kindOf } from '../config/field.ts';
import { isBytes } from '../core/recognition.ts';
import { invalidOption } from '../core/sluice-error.ts';

/**
 * What is gone through. Text and bytes are one element, which no channel takes; nobody means their characters. Throws
 * `SluiceError` `invalid-option` with what `refusal` says of the kind of anything else.
 */
export function elementsOf<Elements>(elements: Elements, kinds: readonly symbol[], refusal: (kind: string) => string) {
  if (isBytes(elements)) return [elements];
  // What is taken in runs code of the host, which may change its array, and the caller may use it again.
  if (Array.isArray(elements)) return [...elements];
  if (typeof elements === 'object' && elements !== null && kinds.some((kind) => kind in elements)) return elements;
  throw invalidOption(refusal(kindOf(elements)));
}
