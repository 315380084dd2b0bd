import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sizeOf } from '../../src/core/size-of.ts';

it('anything has a size, also what refers to itself, and a longer string a larger one', () => {
  const odd = fc.anything({ withMap: true, withSet: true, withTypedArray: true, withSparseArray: true });
  fc.assert(fc.property(odd, (value) => void expect(sizeOf(value)).toBeGreaterThan(0)));
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 1 }), (text, more) => {
      expect(sizeOf({ list: [text + more] })).toBeGreaterThan(sizeOf({ list: [text] }));
    }),
  );
  const self: unknown[] = [];
  for (let count = 0; count < 1_000; count += 1) self.push(self);
  expect(sizeOf(self)).toBeGreaterThan(1_000);
});

const text = 'x'.repeat(1_000_000);

function selfish(): object {
  const error: { text: string; self?: unknown } = { text };
  error.self = { error };
  return error;
}

it.each<[string, unknown, number]>([
  ['a buffer', Buffer.alloc(1_000_000), 1_000_000],
  ['a string', 'x'.repeat(1_000_000), 2_000_000],
  ['a list', Array.from({ length: 1_000_000 }, () => 1), 8_000_000],
  ['a map', new Map(Array.from({ length: 10_000 }, (_, n) => [n, n])), 560_000],
  ['an error', new Error('x'.repeat(10_000)), 40_000],
  ['an error with the answer of a sink', Object.assign(new Error('no'), { response: { data: text } }), 2_000_000],
  ['several errors', new AggregateError([new Error('a', { cause: text })]), 2_000_000],
  ['what is deep inside', { a: { b: { c: { d: { e: { f: { g: { h: text } } } } } } } }, 2_000_000],
  ['what stands behind much else', { list: Array(100).fill(Array(100).fill('x')), answer: { body: text } }, 2_000_000],
  ['a list of strings', Array.from({ length: 1_000 }, (_, n) => (n < 500 ? '' : 'x'.repeat(1_000))), 1_008_000],
  ['what refers to itself', selfish(), 2_000_000],
])('%s is measured within a tenth', (_what, value, bytes) => {
  expect(Math.abs(sizeOf(value) - bytes)).toBeLessThan(bytes / 10);
});

it('what throws when it is read has a size', () => {
  const trap = {
    get price(): never {
      throw new Error('no price');
    },
  };
  expect(sizeOf(trap)).toBeGreaterThan(0);
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(sizeOf([proxy])).toBeGreaterThan(0);
});
