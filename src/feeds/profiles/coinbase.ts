import type { Answer, FeedProfile, SequenceNumber } from '../profile.ts';
import { byKind, fieldsOf, quotedAfter, textIn, timeIn } from '../profile.ts';

/**
 * Coinbase Exchange, channels without a login. Subscriptions are `matches:BTC-USD`, `ticker:BTC-USD`,
 * `heartbeat:BTC-USD`. Matches have consecutive trade ids; `sequence` counts what other channels send as well.
 */
export function coinbase(host = 'ws-feed.exchange.coinbase.com'): FeedProfile {
  const request = (type: string, names: readonly string[]) => {
    const channels = [...byKind(names)].map(([name, ids]) => ({ name, product_ids: ids }));
    return [{ type, channels }];
  };
  return {
    name: 'coinbase',
    url: `wss://${host}`,
    subscribe: (names) => request('subscribe', names),
    unsubscribe: (names) => request('unsubscribe', names),
    peek: (text) => quotedAfter(text, '{"type":"'),
    answer,
    recognize: { field: 'type', types: { match: 'tick', last_match: 'tick' } },
    symbol: (message) => textIn(fieldsOf(message), 'product_id'),
    time: (message) => timeIn(fieldsOf(message).time),
    sequence,
  };
}

function answer(element: unknown): Answer | undefined {
  const { type, message, reason } = fieldsOf(element);
  if (type === 'heartbeat') return { is: 'notice' };
  if (type === 'error') return refusal(reason === undefined ? String(message) : `${message}: ${reason}`);
  // It lists all that the connection has, some channels under another name.
  return type === 'subscriptions' ? { is: 'subscribed' } : undefined;
}

function refusal(why: string): Answer {
  if (/rate limit|slow/i.test(why)) return { is: 'limited', why };
  return /authenticat|signature|api key/i.test(why)
    ? { is: 'login-refused', why }
    : { is: 'subscription-refused', why };
}

function sequence(message: unknown): SequenceNumber | undefined {
  const { type, product_id: product, trade_id: number } = fieldsOf(message);
  const isTrade = type === 'match' || type === 'last_match';
  return isTrade && typeof number === 'number' ? { of: `match ${product}`, number } : undefined;
}
