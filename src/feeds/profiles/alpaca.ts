import type { Answer, BinaryFormat, FeedProfile, Fields } from '../profile.ts';
import { byKind, fieldsOf, textIn, timeIn } from '../profile.ts';

/** The streams of Alpaca's market data. */
export type AlpacaStream = 'v2/iex' | 'v2/sip' | 'v2/delayed_sip' | 'v2/test' | 'v1beta3/crypto/us';

const KINDS = [
  'trades',
  'quotes',
  'bars',
  'updatedBars',
  'dailyBars',
  'statuses',
  'lulds',
  'corrections',
  'cancelErrors',
  'orderbooks',
];

/** Subscriptions that the service adds by itself to those of trades. */
const UNASKED = ['corrections', 'cancelErrors'];

/** How Alpaca is spoken to. */
export interface AlpacaOptions {
  readonly host?: string;
  /** The package `@msgpack/msgpack`: messages come in MessagePack, and their times as a `Date`. Default: JSON. */
  readonly msgpack?: BinaryFormat;
}

/**
 * Alpaca, market data. Subscriptions are `trades:AAPL`, `quotes:AAPL`, `bars:*`. Credentials: `key` and `secret`.
 * Its trade ids are not consecutive, so no message has a sequence number.
 */
export function alpaca(stream: AlpacaStream, options: AlpacaOptions = {}): FeedProfile {
  const { host = 'stream.data.alpaca.markets', msgpack } = options;
  return {
    ...(msgpack && { binary: msgpack, headers: { 'Content-Type': 'application/msgpack' } }),
    name: `alpaca ${stream}`,
    url: `wss://${host}/${stream}`,
    greets: true,
    needs: ['key', 'secret'],
    logIn: ({ key, secret }) => [{ action: 'auth', key, secret }],
    subscribe: (names) => [{ action: 'subscribe', ...Object.fromEntries(byKind(names, KINDS)) }],
    unsubscribe: (names) => [{ action: 'unsubscribe', ...Object.fromEntries(byKind(names, KINDS)) }],
    answer,
    recognize: { field: 'T', types: { t: 'tick', b: 'ohlcv', u: 'ohlcv', d: 'ohlcv' } },
    symbol: (message) => textIn(fieldsOf(message), 'S'),
    time: (message) => timeIn(fieldsOf(message).t),
  };
}

function answer(element: unknown): Answer | undefined {
  const fields = fieldsOf(element);
  const text = textIn(fields, 'msg') ?? '';
  switch (fields.T) {
    case 'success':
      if (text === 'connected') return { is: 'connected' };
      return text === 'authenticated' ? { is: 'logged-in' } : { is: 'notice', why: text };
    case 'subscription':
      return { is: 'subscribed', names: subscribed(fields) };
    case 'error':
      return refusal(fields.code, `${text} (${fields.code})`);
    default:
      return undefined;
  }
}

/** The codes of its documentation: 401 to 404 are about the login, 405 and 409 to 411 about what was asked for. */
function refusal(code: unknown, why: string): Answer {
  if (code === 403) return { is: 'notice', why };
  if (code === 401 || code === 402) return { is: 'login-refused', why };
  if (code === 400 || code === 405 || (typeof code === 'number' && code >= 408 && code <= 411))
    return { is: 'subscription-refused', why };
  return code === 406 ? { is: 'limited', why } : { is: 'ending', why };
}

/** The answer lists everything that the connection has. */
function subscribed(fields: Fields): readonly string[] {
  const kinds = KINDS.filter((kind) => !UNASKED.includes(kind));
  return kinds.flatMap((kind) => {
    const symbols = fields[kind];
    return Array.isArray(symbols) ? symbols.map((symbol) => `${kind}:${symbol}`) : [];
  });
}
