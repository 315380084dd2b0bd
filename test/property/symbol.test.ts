import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyReader, symbolOf } from '../../src/core/symbol.ts';

test('the key of anything at all is a text', () => {
  fc.assert(
    fc.property(
      fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }),
      fc.string(),
      (message, field) => {
        expect(typeof symbolOf(message)).toBe('string');
        expect(typeof keyReader(field)(message)).toBe('string');
      },
    ),
  );
});
