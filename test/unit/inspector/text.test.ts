import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toText } from '../../../src/inspector/text.ts';

it('anything becomes a text of at most 2,000 characters', () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true });
  fc.assert(fc.property(anything, (value) => void expect(toText(value).length).toBeLessThanOrEqual(2_001)));
  expect(toText('x'.repeat(2_000))).toBe('x'.repeat(2_000));
  expect(toText('x'.repeat(2_001))).toBe(`${'x'.repeat(2_000)}…`);
});

it('an error tells its story, and what throws when it is read is no end of the page', () => {
  expect(toText(new TypeError('fetch failed', { cause: new Error('no route') }))).toBe(
    'TypeError: fetch failed, caused by no route',
  );
  const trap = {
    get price(): never {
      throw new Error('no price');
    },
  };
  expect(toText(trap)).toBe('something that cannot be read');
  const error = Object.defineProperty(new Error(), 'message', Object.getOwnPropertyDescriptor(trap, 'price') ?? {});
  expect(toText(error)).toBe('an error that cannot be read');
});
