import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SluiceError, type SluiceErrorCode } from '../../src/core/sluice-error.ts';

const codes = fc.constantFrom<SluiceErrorCode>('invalid-config', 'invalid-option', 'unknown-channel', 'not-running');

test('an error keeps its code, its text and its cause, and is told apart by name and by class', () => {
  fc.assert(
    fc.property(codes, fc.string(), fc.anything(), (code, text, cause) => {
      const error = new SluiceError(code, text, { cause });
      expect([error.code, error.message, error.name]).toEqual([code, text, 'SluiceError']);
      expect(error.cause).toBe(cause);
      expect(error).toBeInstanceOf(Error);
      expect(String(error)).toBe(text === '' ? 'SluiceError' : `SluiceError: ${text}`);
    }),
  );
});
