import { describe, expect, it } from 'vitest';
import { createTestRouter, message } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';

const trap = (): never => {
  throw new Error('do not touch');
};
const throwingGetter = Object.defineProperty({ sym: 'A' }, 'ev', { enumerable: true, get: trap });
const hostile = new Proxy(
  {},
  { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap },
);
const revoked = (() => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
})();

const unroutable: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['undefined', undefined],
  ['a string', 'T'],
  ['a number', 42],
  ['a symbol', Symbol('T')],
  ['a function', () => 'T'],
  ['an array that is no list', [1, 'T', [message('tick', 0)]]],
  ['bytes', new Uint8Array(3)],
  ['an empty object', {}],
  ['an unknown event', { ev: 'XQ', sym: 'A' }],
  ['the name of a built-in member', { ev: 'constructor' }],
  ['`__proto__` as its event', { ev: '__proto__' }],
  ['`__proto__` as a key', JSON.parse('{"__proto__": {"ev": "T"}}')],
  ['an object without a prototype', Object.create(null)],
  ['a getter that throws', throwingGetter],
  ['a Proxy that throws', hostile],
  ['a revoked Proxy', revoked],
];

describe('R2.4 a message that no channel serves is refused, counted and kept as a dead letter', () => {
  it.each(unroutable)('%s', async (_name, bad) => {
    const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: {} } });
    expect(rig.router.route(bad)).toEqual({ status: 'rejected', reason: 'unknown-type' });
    expect(await rig.router.offer(bad)).toEqual({ status: 'rejected', reason: 'unknown-type' });
    const letters = await rig.router.deadLetters.list({ channel: null });
    expect(letters).toHaveLength(2);
    expect(letters[0]).toMatchObject({ reason: 'unknown-type', attempts: 0 });
    expect(Object.is(letters[0]?.message, bad)).toBe(true);
    expect(rig.facts('message.rejected')).toHaveLength(2);
    expect(rig.router.metrics()).toMatchObject({ received: 2, unroutable: 2, conserved: true });
    expect(rig.router.route(message('tick', 1)).status).toBe('accepted');
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([1]);
  });

  it('a data type that the caller names and nobody serves, with the reason in the dead letter', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    expect(rig.router.route(message('tick', 0), { dataType: 'quotes' })).toMatchObject({ reason: 'unknown-type' });
    expect((await rig.router.deadLetters.list())[0]?.error).toBe("no channel serves data type 'quotes'");
  });
});

const odd: readonly (readonly [string, object])[] = [
  ['frozen', Object.freeze({ ev: 'T', sym: 'A', n: 1 })],
  ['with huge numbers', { ev: 'T', sym: 'A', p: Number.MAX_VALUE, s: 1e308 * 10, t: 2 ** 53 + 2, n: 1 }],
  ['with keys called `__proto__` and `constructor`', JSON.parse('{"ev":"T","__proto__":{"n":9},"constructor":1}')],
  ['with a symbol that throws', Object.defineProperty({ ev: 'T', n: 1 }, 'sym', { get: trap })],
  ['with a huge symbol', { ev: 'T', sym: 'x'.repeat(1_000_000), n: 1 }],
];

describe('S6 a message that is odd and known is delivered as it came', () => {
  it.each(odd)('%s', async (_name, bad) => {
    const rig = await createTestRouter({ sinks: { tick: { partitions: 4, overflow: 'conflate', capacity: 10 } } });
    expect(rig.router.route(bad).status).toBe('accepted');
    await rig.advance(10);
    expect(rig.sink('tick').calls[0]?.batch[0]).toBe(bad);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    rig.checkConserved();
  });
});
