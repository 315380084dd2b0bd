import { type Answer, byKind, type FeedProfile, fieldsOf, type SequenceNumber, textIn, timeIn } from '../profile.ts';

/**
 * Kraken, spot, version 2. Subscriptions are `trade:BTC/USD`, `ticker:BTC/USD`, `ohlc:BTC/USD`, without a snapshot. Each
 * element of `data` is one message, into which the profile writes the `channel`. Trades have consecutive ids.
 */
export function kraken(host = 'ws.kraken.com'): FeedProfile {
  const request = (method: string, names: readonly string[], id: number) =>
    [...byKind(names)].map(([channel, symbol]) => ({
      method,
      params: { channel, symbol, ...(method === 'subscribe' && channel === 'trade' && { snapshot: false }) },
      req_id: id,
    }));
  return {
    name: 'kraken',
    url: `wss://${host}/v2`,
    subscribe: (names, id) => request('subscribe', names, id),
    unsubscribe: (names, id) => request('unsubscribe', names, id),
    answer,
    unwrap,
    recognize: { field: 'channel', types: { trade: 'tick', ohlc: 'ohlcv' } },
    symbol: (message) => textIn(fieldsOf(message), 'symbol'),
    time: (message) => timeIn(fieldsOf(message).timestamp),
    sequence,
  };
}

/** Every symbol of a request has an answer of its own. */
function answer(element: unknown): Answer | undefined {
  const fields = fieldsOf(element);
  const { channel, method, success, result, error, symbol } = fields;
  if (channel === 'status' || channel === 'heartbeat' || method === 'pong') return { is: 'notice' };
  if (method === undefined) return undefined;
  const why = String(error);
  if (success === false && /rate limit|too many/i.test(why)) return { is: 'limited', why };
  if (method === 'unsubscribe') return { is: 'notice', ...(error !== undefined && { why }) };
  const said = fieldsOf(result);
  if (success === true) return { is: 'subscribed', names: [`${said.channel}:${said.symbol}`] };
  // A refusal names the symbol and not the channel.
  return { is: 'subscription-refused', why, ...(typeof symbol === 'string' && { symbol }) };
}

function unwrap(element: unknown): unknown {
  const { channel, data } = fieldsOf(element);
  if (!Array.isArray(data)) return element;
  for (const message of data) Object.assign(message, { channel });
  return data;
}

function sequence(message: unknown): SequenceNumber | undefined {
  const { channel, symbol, trade_id: number } = fieldsOf(message);
  return channel === 'trade' && typeof number === 'number' ? { of: `trade ${symbol}`, number } : undefined;
}
