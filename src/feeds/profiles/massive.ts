import { MASSIVE_EVENTS } from '../../core/recognition.ts';
import { type Answer, type FeedProfile, fieldsOf, textIn, timeIn } from '../profile.ts';

/** The markets of Massive; each has a socket of its own. */
export type MassiveMarket = 'stocks' | 'options' | 'indices' | 'futures' | 'forex' | 'crypto';

/**
 * Massive, formerly Polygon. Subscriptions are its own: `T.MSFT`, `AM.*`, `XT.BTC-USD`. Credentials: `key`.
 * `host` is `socket.massive.com` unless you have delayed data (`delayed.massive.com`) or a business plan
 * (`business.massive.com`). Its `q` jumps by itself, so no message has a sequence number.
 */
export function massive(market: MassiveMarket, host = 'socket.massive.com'): FeedProfile {
  return {
    name: `massive ${market}`,
    url: `wss://${host}/${market}`,
    greets: true,
    needs: ['key'],
    logIn: ({ key }) => [{ action: 'auth', params: key }],
    subscribe: (names) => [{ action: 'subscribe', params: names.map(checked).join(',') }],
    unsubscribe: (names) => [{ action: 'unsubscribe', params: names.join(',') }],
    answer,
    recognize: { field: 'ev', types: Object.fromEntries(MASSIVE_EVENTS) },
    symbol,
    time: (message) => {
      const { t, e, s } = fieldsOf(message);
      return timeIn(t ?? e ?? s);
    },
  };
}

/** LULD, NOI and index values have the symbol in `T`, quotes of currencies in `p`. */
function symbol(message: unknown): string | undefined {
  const fields = fieldsOf(message);
  return textIn(fields, 'sym') ?? textIn(fields, 'pair') ?? textIn(fields, 'T') ?? textIn(fields, 'p');
}

function checked(name: string): string {
  if (/^[A-Z\d]+\.[^,\s]+$/.test(name)) return name;
  throw new Error(`a subscription of Massive is written like T.MSFT or AM.*, got '${name}'`);
}

function answer(element: unknown): Answer | undefined {
  const fields = fieldsOf(element);
  if (fields.ev !== 'status') return undefined;
  const why = textIn(fields, 'message') ?? '';
  switch (fields.status) {
    case 'connected':
      return { is: 'connected' };
    case 'auth_success':
      return { is: 'logged-in' };
    case 'auth_failed':
    case 'auth_timeout':
      return { is: 'login-refused', why };
    case 'max_connections':
    case 'force_disconnect':
      return { is: 'limited', why };
    case 'error':
    case 'not_authorized':
      return { is: 'subscription-refused', why, ...namesIn(why) };
    case 'success':
      return /^unsubscribed/.test(why) ? { is: 'notice', why } : { is: 'subscribed', ...namesIn(why) };
    default:
      return { is: 'notice', why };
  }
}

/** `subscribed to: T.MSFT` says which; other texts do not. */
function namesIn(text: string): { names?: readonly string[] } {
  const [, list] = /: ?([A-Z\d]+\.\S+)$/.exec(text) ?? [];
  return list === undefined ? {} : { names: list.split(',') };
}
