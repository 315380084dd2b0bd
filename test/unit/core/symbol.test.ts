import { expect, test } from 'vitest';
import { keyReader, symbolOf } from '../../../src/core/symbol.ts';

const hostile = new Proxy(
  {},
  {
    get: () => {
      throw new Error('hostile');
    },
  },
);

test.each([
  [{ sym: 'AAPL', pair: 'X' }, 'AAPL'],
  [{ pair: 'BTC-USD' }, 'BTC-USD'],
  [{ symbol: 'ETH' }, 'ETH'],
  [{ ticker: 'MSFT' }, 'MSFT'],
  [{ sym: 5, ticker: 'MSFT' }, 'MSFT'],
  [{ p: 1 }, ''],
  [null, ''],
  ['AAPL', ''],
])('the symbol of message %# is %s', (message, symbol) => {
  expect(symbolOf(message)).toBe(symbol);
});

test('a message that throws when it is read has no symbol', () => {
  expect(symbolOf(hostile)).toBe('');
});

test('a field by name may hold a text or a number', () => {
  const keyOf = keyReader('venue');
  expect([keyOf({ venue: 'N' }), keyOf({ venue: 7 }), keyOf({}), keyOf({ venue: {} }), keyOf(null)]).toEqual([
    'N',
    '7',
    '',
    '',
    '',
  ]);
});

test('sym stands for the symbol, however it is spelled', () => {
  expect(keyReader('sym')({ pair: 'BTC-USD' })).toBe('BTC-USD');
});

test('a function that throws or gives no text gives no key, and that is told', () => {
  const failures: unknown[] = [];
  const keyOf = keyReader(
    (message) => (message as { key: () => string }).key(),
    (error) => failures.push(error),
  );
  expect([keyOf({ key: () => 'A' }), keyOf({ key: () => 5 }), keyOf(null), keyOf(hostile)]).toEqual(['A', '', '', '']);
  expect(failures).toHaveLength(3);
});
