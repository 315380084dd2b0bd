import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Recognition } from '../../src/core/recognition.ts';

test('recognition never throws and never invents a data type, whatever comes', () => {
  const recognition = new Recognition();
  const record = fc.dictionary(
    fc.constantFrom('ev', 'sym', 'p', 't', 'o', 'h', 'l', 'c', 'v', 'fmv', '__proto__'),
    fc.anything(),
  );
  fc.assert(
    fc.property(fc.oneof(fc.anything({ withNullPrototype: true, withBigInt: true }), record), (message) => {
      expect([undefined, 'tick', 'ohlcv', 'fmv']).toContain(recognition.dataTypeOf(message));
      expect(recognition.why(message)).not.toBe('');
    }),
  );
});
