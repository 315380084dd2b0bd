import { describe, expect, it } from 'vitest';
import { alpaca, binance, coinbase, type FeedProfile, kraken, massive } from '../../../src/feeds/index.ts';
import { type Service, services } from '../../support/feed-services.ts';
import { ofRecordings } from '../../support/recordings.ts';

const [stocks, iex, spot, exchange, version2] = [massive('stocks'), alpaca('v2/iex'), binance(), coinbase(), kraken()];

/** Examples as the services document or sent them. */
const messages: readonly (readonly [
  FeedProfile,
  element: object,
  symbol: string,
  time: number | undefined,
  of?: object,
])[] = [
  [
    stocks,
    { ev: 'T', sym: 'MSFT', x: 4, i: '12345', p: 114.1, s: 100, t: 1536036818784, q: 3681328 },
    'MSFT',
    1536036818784,
  ],
  [stocks, { ev: 'AM', sym: 'GTE', o: 0.4, s: 1610144640000, e: 1610144700000 }, 'GTE', 1610144700000],
  [stocks, { ev: 'LULD', T: 'MSFT', h: 218.9, l: 198.1, t: 1601316752683746 }, 'MSFT', 1601316752683.746],
  [
    stocks,
    { ev: 'FMV', fmv: 7.2, sym: 'O:TSLA210903C00700000', t: 1401715883806000000 },
    'O:TSLA210903C00700000',
    1401715883806,
  ],
  [massive('forex'), { ev: 'C', p: 'USD/CNH', x: '44', a: 6.8, b: 6.8, t: 1536036818784 }, 'USD/CNH', 1536036818784],
  [iex, { T: 't', S: 'AAPL', i: 6142, p: 177.79, t: '1970-01-01T00:00:10.00000001Z' }, 'AAPL', 10_000],
  [
    spot,
    { stream: 'ethusdt@trade', data: { e: 'trade', E: 1723161480166, s: 'ETHUSDT', t: 1520542345, p: '2679.31' } },
    'ETHUSDT',
    1723161480166,
    { of: 'trade ETHUSDT', number: 1520542345 },
  ],
  [spot, { stream: 'btcusdt@bookTicker', data: { u: 50093340993, s: 'BTCUSDT', b: '61652.0' } }, 'BTCUSDT', undefined],
  [
    spot,
    { stream: 'ctkusdt@kline_1m', data: { e: 'kline', E: 1626992741424, s: 'CTKUSDT', k: {} } },
    'CTKUSDT',
    1626992741424,
  ],
  [
    exchange,
    {
      type: 'match',
      trade_id: 280232,
      product_id: 'SKL-BTC',
      sequence: 177100030,
      time: '2021-04-17T16:43:37.089723Z',
    },
    'SKL-BTC',
    Date.parse('2021-04-17T16:43:37.089Z'),
    { of: 'match SKL-BTC', number: 280232 },
  ],
  [exchange, { type: 'ticker', sequence: 333938798, product_id: 'BAND-GBP', trade_id: 881613 }, 'BAND-GBP', undefined],
  [
    version2,
    {
      channel: 'trade',
      type: 'update',
      data: [{ symbol: 'MATIC/USD', trade_id: 4665906, timestamp: '2023-09-25T07:49:37.708706Z' }],
    },
    'MATIC/USD',
    Date.parse('2023-09-25T07:49:37.708Z'),
    { of: 'trade MATIC/USD', number: 4665906 },
  ],
];

it.each(
  messages.map(([profile, element, symbol, time, of]) => ({ name: profile.name, profile, element, symbol, time, of })),
)('$name: $element', ({ profile, element, symbol, time, of }) => {
  expect(profile.answer(element)).toBeUndefined();
  const inside = profile.unwrap === undefined ? element : profile.unwrap(element);
  const message = Array.isArray(inside) ? inside[0] : inside;
  expect(profile.symbol(message)).toBe(symbol);
  expect(profile.time(message)).toBe(time);
  expect(profile.sequence?.(message)).toEqual(of);
});

const answers: readonly (readonly [FeedProfile, element: object, answer: object])[] = [
  [stocks, { ev: 'status', status: 'connected', message: 'Connected Successfully' }, { is: 'connected' }],
  [stocks, { ev: 'status', status: 'auth_success', message: 'authenticated' }, { is: 'logged-in' }],
  [stocks, { ev: 'status', status: 'auth_failed', message: 'no' }, { is: 'login-refused', why: 'no' }],
  [
    stocks,
    { ev: 'status', status: 'success', message: 'subscribed to: T.MSFT' },
    { is: 'subscribed', names: ['T.MSFT'] },
  ],
  [
    stocks,
    { ev: 'status', status: 'success', message: 'unsubscribed to: T.MSFT' },
    { is: 'notice', why: 'unsubscribed to: T.MSFT' },
  ],
  [stocks, { ev: 'status', status: 'max_connections', message: 'max' }, { is: 'limited', why: 'max' }],
  [
    iex,
    { T: 'error', code: 405, msg: 'symbol limit exceeded' },
    { is: 'subscription-refused', why: 'symbol limit exceeded (405)' },
  ],
  [iex, { T: 'error', code: 403, msg: 'already authenticated' }, { is: 'notice', why: 'already authenticated (403)' }],
  [iex, { T: 'error', code: 407, msg: 'slow client' }, { is: 'ending', why: 'slow client (407)' }],
  [
    iex,
    { T: 'subscription', trades: ['AAPL'], quotes: [], bars: ['*'], corrections: ['AAPL'] },
    { is: 'subscribed', names: ['trades:AAPL', 'bars:*'] },
  ],
  [spot, { result: null, id: 7 }, { is: 'subscribed', id: 7 }],
  [spot, { code: 2, msg: 'Invalid request', id: 7 }, { is: 'subscription-refused', why: 'Invalid request (2)', id: 7 }],
  [spot, { e: 'serverShutdown', E: 1 }, { is: 'ending', why: 'the server shuts down' }],
  [exchange, { type: 'heartbeat', sequence: 90 }, { is: 'notice' }],
  [
    exchange,
    { type: 'error', message: 'Failed to subscribe', reason: 'Authentication required' },
    { is: 'login-refused', why: 'Failed to subscribe: Authentication required' },
  ],
  [version2, { channel: 'heartbeat' }, { is: 'notice' }],
  [
    version2,
    { method: 'subscribe', success: false, symbol: 'XBT/USD', error: 'not supported' },
    { is: 'subscription-refused', why: 'not supported', symbol: 'XBT/USD' },
  ],
];

it.each(answers.map(([profile, element, answer]) => ({ name: profile.name, profile, element, answer })))(
  '$name: $element is an answer',
  ({ profile, element, answer }) => {
    expect(profile.answer(element)).toEqual(answer);
  },
);

describe('a name that a service cannot mean is refused before it is sent', () => {
  it.each([
    [stocks, 'MSFT', 'written like T.MSFT'],
    [iex, 'AAPL', 'written kind:symbol'],
    [iex, 'trade:AAPL', "got 'trade' in 'trade:AAPL'"],
    [spot, 'BTCUSDT@trade', 'in lower case'],
    [exchange, 'BTC-USD', 'written kind:symbol'],
    [version2, ':BTC/USD', 'written kind:symbol'],
  ] as const)('%o %s', (profile, name, says) => {
    expect(() => profile.subscribe([name], 1)).toThrow(says);
  });
});

it('a best bid and ask of Binance spot says what it is, so that a table can tell it apart', () => {
  expect(spot.unwrap?.({ stream: 'btcusdt@bookTicker', data: { s: 'BTCUSDT' } })).toEqual({
    s: 'BTCUSDT',
    e: 'bookTicker',
  });
});

describe('a type that is found without parsing', () => {
  it.skipIf(ofRecordings).each(['binance', 'coinbase'])(
    `%s: is the one that parsing finds, in all recorded messages${ofRecordings}`,
    async (name) => {
      const { profile, frames } = services[name] as Service;
      const texts = await frames();
      expect(texts.length).toBeGreaterThan(100);
      for (const text of texts) {
        const parsed: unknown = JSON.parse(text);
        const message = (profile.unwrap?.(parsed) ?? parsed) as Record<string, unknown>;
        expect(profile.peek?.(text)).toBe(message[profile.recognize.field]);
      }
    },
  );

  it.each([
    ['{"stream":"btcusdt@bookTicker","data":{"u":1,"s":"BTCUSDT"}}', 'bookTicker'],
    ['{"stream":"btcusdt@depth5","data":{"lastUpdateId":1}}', undefined],
    ['{"result":null,"id":1}', undefined],
    ['{"stream":"btcusdt@trade', undefined],
    ['<html>', undefined],
  ])('binance: %s', (text, type) => {
    expect(spot.peek?.(text)).toBe(type);
  });
});
