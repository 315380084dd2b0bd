import type { Answer, FeedProfile, SequenceNumber } from '../profile.ts';
import { fieldsOf, quotedAfter, textIn, timeIn } from '../profile.ts';

/** The markets of Binance: spot, futures in USD, futures in coins. */
export type BinanceMarket = 'spot' | 'usd-futures' | 'coin-futures';

const HOSTS: Readonly<Record<BinanceMarket, string>> = {
  spot: 'data-stream.binance.vision',
  'usd-futures': 'fstream.binance.com',
  'coin-futures': 'dstream.binance.com',
};

/**
 * Binance, combined streams. Subscriptions are its own: `btcusdt@trade`, `btcusdt@kline_1m`. Without a login. A connection
 * ends after 24 hours, which the feed takes like any other end. Trades have consecutive ids.
 */
export function binance(market: BinanceMarket = 'spot', host = HOSTS[market]): FeedProfile {
  return {
    name: `binance ${market}`,
    url: `wss://${host}/stream`,
    subscribe: (names, id) => [{ method: 'SUBSCRIBE', params: names.map(checked), id }],
    unsubscribe: (names, id) => [{ method: 'UNSUBSCRIBE', params: names, id }],
    peek,
    answer,
    unwrap,
    recognize: { field: 'e', types: { trade: 'tick', aggTrade: 'tick', kline: 'ohlcv', markPriceUpdate: 'fmv' } },
    symbol: (message) => textIn(fieldsOf(message), 's'),
    time: (message) => timeIn(fieldsOf(message).E),
    sequence,
  };
}

function checked(name: string): string {
  if (/^[^\s@A-Z]*@[^\s]+$|^![^\s]+$/.test(name)) return name;
  throw new Error(`a stream of Binance is written like btcusdt@trade, in lower case, got '${name}'`);
}

/** The type stands first in the envelope's data; the best bid and ask of spot has none, and the stream says what it is. */
function peek(text: string): string | undefined {
  const stream = quotedAfter(text, '{"stream":"');
  if (stream === undefined) return undefined;
  const at = STREAM_BEGINS + stream.length;
  const type = quotedAfter(text, '","data":{"e":"', at);
  return type ?? (stream.endsWith('@bookTicker') ? 'bookTicker' : undefined);
}
const STREAM_BEGINS = '{"stream":"'.length;

function answer(element: unknown): Answer | undefined {
  const { data, e, error, code, msg, id, result } = fieldsOf(element);
  if (data !== undefined) return undefined;
  const of = typeof id === 'number' ? { id } : {};
  if (e === 'serverShutdown') return { is: 'ending', why: 'the server shuts down' };
  if (error !== undefined || code !== undefined) {
    const said = fieldsOf(error ?? { code, msg });
    return { is: 'subscription-refused', why: `${said.msg} (${said.code})`, ...of };
  }
  return result === null ? { is: 'subscribed', ...of } : undefined;
}

/** What is in the envelope. The best bid and ask of spot does not say what it is; the stream does. */
function unwrap(element: unknown): unknown {
  const { stream, data } = fieldsOf(element);
  if (data === undefined) return element;
  if (typeof data === 'object' && data !== null && !Array.isArray(data) && !('e' in data))
    Object.assign(data, { e: String(stream).split('@')[1] });
  return data;
}

function sequence(message: unknown): SequenceNumber | undefined {
  const { e, s, t, a } = fieldsOf(message);
  const number = e === 'trade' ? t : e === 'aggTrade' ? a : undefined;
  return typeof number === 'number' ? { of: `${e} ${s}`, number } : undefined;
}
