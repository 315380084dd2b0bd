import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contained, isThenable, notNested, watch } from '../../src/core/contained.ts';

const anything = fc.anything();
/** How a function of a host may end. */
const ending = fc.constantFrom('returns', 'throws', 'rejects', 'rejects as a thenable of another realm');

function endingIn(how: string, value: unknown): unknown {
  if (how === 'returns') return value;
  if (how === 'throws') throw value;
  // As from another realm: no instance of our Promise.
  const then = (_yes: unknown, no: (why: unknown) => void): void => no(value);
  return how === 'rejects' ? Promise.reject(value) : Object.defineProperty({}, 'then', { value: then });
}

test('however a function of the host ends, the caller goes on and is told once of what went wrong', async () => {
  await fc.assert(
    fc.asyncProperty(ending, anything, async (how, value) => {
      const failures: unknown[] = [];
      const result = contained(endingIn, (error) => failures.push(error))(how, value);
      await new Promise((resolve) => setImmediate(resolve));
      if (how === 'returns') expect(result).toBe(value);
      expect(failures).toEqual(how === 'returns' ? [] : [value]);
    }),
  );
});

test('a function that brings about its own call is stopped before the stack overflows, and may be called again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), (depth) => {
      let most = 0;
      const call = notNested((left: number): void => {
        most = Math.max(most, depth - left);
        if (left > 0) call(left - 1);
      });
      const run = () => call(depth);
      if (depth < 32) expect(run).not.toThrow();
      else expect(run).toThrow(/its own call/);
      expect(most).toBeLessThan(32);
      expect(() => call(0)).not.toThrow();
    }),
  );
});

test('only what has a `then` answers later, and to ask ends in no unhandled rejection', () => {
  fc.assert(
    fc.property(anything, (value) => {
      expect(isThenable(value)).toBe(typeof (value as { then?: unknown } | null | undefined)?.then === 'function');
      watch(value);
    }),
  );
});
