import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Recognition } from '../../../src/core/recognition.ts';
import { MASSIVE_EVENTS } from '../../support/massive-events.ts';

const DATA = new URL('../../../../shared/data/', import.meta.url);
const recognition = new Recognition();
const byShape = new Recognition();
byShape.configure({ field: 'ev', types: {}, shapes: true });
const hostile = new Proxy(
  {},
  {
    get: () => {
      throw new Error('hostile');
    },
  },
);

/** What feeds send: the examples of a file, and what is wrapped in them. */
function examplesOf(file: string): Record<string, unknown>[] {
  const { messages = [], server_to_client = [] } = JSON.parse(
    readFileSync(new URL(`messages/${file}.json`, DATA), 'utf8'),
  );
  const examples = messages.map(
    (message: { example?: object; example_fields?: object }) => message.example ?? message.example_fields,
  );
  const wrapped = examples.flatMap((example: { data?: object }) => example.data ?? []);
  return [...examples, ...wrapped, ...server_to_client.flat()];
}

test.each(['massive-stocks', 'massive-crypto-options-forex', 'massive-control'])(
  'each example of %s is what its ev says',
  (file) => {
    const examples = examplesOf(file);
    expect(examples.length).toBeGreaterThan(3);
    for (const example of examples) expect(recognition.dataTypeOf(example)).toBe(MASSIVE_EVENTS[String(example.ev)]);
  },
);

test('by shape, of the examples of alpaca only the bar has a shape of ours', () => {
  expect(examplesOf('alpaca').map((example) => byShape.dataTypeOf(example))).toEqual([
    undefined,
    undefined,
    'ohlcv',
    undefined,
    undefined,
  ]);
});

test.each(['binance', 'coinbase', 'fair-price-feeds'])('no example of %s is taken for data of ours', (file) => {
  const examples = examplesOf(file);
  expect(examples.length).toBeGreaterThan(2);
  for (const example of examples) expect(recognition.dataTypeOf(example)).toBeUndefined();
});

test.each([
  { type: 'order', symbol: 'A', price: 1.5, time: 1 },
  { status: 'cancelled', symbol: 'A', price: 1.5, time: 1 },
  { alert: 'above', symbol: 'A', price: 1.5, time: 1 },
])('what only looks like a trade is none (%#)', (message) => {
  expect(recognition.dataTypeOf(message)).toBeUndefined();
  expect(recognition.why(message)).toBe('no ev; router.recognize.field names the field that tells messages apart');
});

test('another field and its table decide; the events of Massive belong to `ev`', () => {
  const binance = new Recognition();
  const types = { trade: 'tick', kline: 'ohlcv', pong: null, '24': 'fmv' };
  binance.configure({ field: 'e', types, shapes: false });
  expect(['trade', 'kline', 'pong', 24, 'T', true].map((e) => binance.dataTypeOf({ e }))).toEqual([
    'tick',
    'ohlcv',
    null,
    'fmv',
    undefined,
    undefined,
  ]);
  expect(binance.dataTypeOf({ ev: 'T' })).toBeUndefined();
  expect(binance.why({ e: 'depth' })).toBe('no data type is known for e "depth"');
  expect(binance.decidesBy('T')).toBe(false);
});

test.each([
  [null, 'null is not a message'],
  [undefined, 'undefined is not a message'],
  ['T', 'a string is not a message; parse it first'],
  [new Uint8Array(1), 'bytes are not a message; decode and parse them first'],
  [new ArrayBuffer(1), 'bytes are not a message; decode and parse them first'],
  [new Blob(['{}']), 'bytes are not a message; decode and parse them first'],
  [new MessageEvent('message'), 'a MessageEvent is not a message; parse its data and route that'],
  [Promise.resolve({ ev: 'T' }), 'a promise is not a message; await it first'],
  [[7, 'trade'], 'no rule knows this array, which is one message: its first element is no object'],
  [[{ ev: 'T' }], 'an array is not a message; route its elements'],
  [hostile, 'the message throws when it is read'],
  [{}, 'no ev; router.recognize.field names the field that tells messages apart'],
  [{ ev: 'Q' }, 'no data type is known for ev "Q"'],
])('what is no message is unknown, and why is told (%#)', (message, why) => {
  expect(recognition.dataTypeOf(message)).toBeUndefined();
  expect(recognition.why(message)).toBe(why);
});
