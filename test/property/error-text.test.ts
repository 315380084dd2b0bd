import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorText } from '../../src/core/error-text.ts';

test('whatever was thrown, its text is a string, and an error says its message', () => {
  fc.assert(fc.property(fc.anything(), (thrown) => void expect(errorText(thrown)).toBeTypeOf('string')));
  fc.assert(fc.property(fc.string(), (message) => void expect(errorText(new Error(message))).toBe(message)));
});
