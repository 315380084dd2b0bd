import * as msgpack from '@msgpack/msgpack';
import { alpaca, binance, coinbase, type FeedProfile, kraken, massive } from '../../src/feeds/index.ts';
import type { Manners } from './feed-server.ts';
import { recording } from './recordings.ts';

/** A service as its profile knows it: what it says, and recorded messages in its words. */
export interface Service {
  readonly profile: FeedProfile;
  readonly names: readonly string[];
  readonly credentials?: Readonly<Record<string, string>>;
  /** Answers as the service does; `isRefusing` the credentials, or else the subscriptions. */
  manners(isRefusing?: boolean): Manners;
  /** One of its answers that says that there is too much. */
  readonly limit: unknown;
  /** Trades with numbers that are consecutive for each symbol. */
  frames(): Promise<readonly string[]>;
}

type Request = Record<string, unknown>;
interface Envelope {
  readonly venue: string;
  readonly msg: Record<string, unknown> & { readonly data?: Record<string, unknown>; readonly type?: string };
}
interface RecordedTrade {
  readonly ev: string;
  readonly sym: string;
  readonly p: number;
  readonly s: number;
  readonly t: number;
  readonly q: number;
}

const TRADES = 'crypto-20240808-2358.stock-style';
const text = (value: unknown): string => JSON.stringify(value);

async function trades(): Promise<readonly RecordedTrade[]> {
  return ((await recording(TRADES)) as RecordedTrade[]).filter(({ ev }) => ev === 'T').slice(0, 5_000);
}

/** These services number no message; the recording does, which shows that nothing else is lost. */
function numbered(profile: FeedProfile, field: string): FeedProfile {
  return {
    ...profile,
    sequence: (message) => ({ of: `${profile.symbol(message)}`, number: Number((message as Request)[field]) }),
  };
}

const massiveService: Service = {
  profile: numbered(massive('crypto'), 'q'),
  names: ['XT.BTC-USD', 'XT.ETH-USD'],
  credentials: { key: 'key-of-massive' },
  manners: (isRefusing = false) => ({
    greeting: [{ ev: 'status', status: 'connected', message: 'Connected Successfully' }],
    answers({ action, params }) {
      if (action !== 'auth')
        return String(params)
          .split(',')
          .map((name) => [{ ev: 'status', status: 'success', message: `subscribed to: ${name}` }]);
      return isRefusing || params !== 'key-of-massive'
        ? [[{ ev: 'status', status: 'auth_failed', message: 'authentication failed' }]]
        : [[{ ev: 'status', status: 'auth_success', message: 'authenticated' }]];
    },
    begins: ({ action }) => action === 'subscribe',
  }),
  limit: [{ ev: 'status', status: 'max_connections', message: 'Maximum number of connections exceeded.' }],
  frames: async () => (await trades()).map((trade) => text([trade])),
};

const alpacaService: Service = {
  profile: numbered(alpaca('v2/iex'), 'i'),
  names: ['trades:X:BTC-USDT', 'bars:*'],
  credentials: { key: 'key-of-alpaca', secret: 'secret-of-alpaca' },
  manners: (isRefusing = false) => ({
    greeting: [{ T: 'success', msg: 'connected' }],
    answers({ action, secret, trades: wanted, bars }) {
      if (action !== 'auth') return [[{ T: 'subscription', trades: wanted ?? [], quotes: [], bars: bars ?? [] }]];
      return isRefusing || secret !== 'secret-of-alpaca'
        ? [[{ T: 'error', code: 402, msg: 'auth failed' }]]
        : [[{ T: 'success', msg: 'authenticated' }]];
    },
    begins: ({ action }) => action === 'subscribe',
  }),
  limit: [{ T: 'error', code: 406, msg: 'connection limit exceeded' }],
  async frames() {
    return (await trades()).map(({ sym, p, s, t, q }) =>
      text([{ T: 't', S: sym, i: q, x: 'V', p, s, z: 'C', t: new Date(t).toISOString() }]),
    );
  },
};

const packedAlpaca: Service = {
  ...alpacaService,
  profile: numbered(alpaca('v2/iex', { msgpack }), 'i'),
  manners: (isRefusing) => ({ ...alpacaService.manners(isRefusing), format: msgpack }),
};

const binanceService: Service = {
  profile: binance('usd-futures'),
  names: ['btcusdt@trade', 'ethusdt@trade'],
  manners: (isRefusing = false) => ({
    answers: ({ id }: Request) => [
      isRefusing ? { error: { code: 2, msg: 'Invalid request: unknown stream' }, id } : { result: null, id },
    ],
    begins: ({ method }) => method === 'SUBSCRIBE',
  }),
  limit: undefined,
  async frames() {
    const all = (await recording('binance-raw-20240808-2358')) as Envelope[];
    return all
      .filter(({ venue, msg }) => venue === 'binance-usdm' && msg.data?.e === 'trade')
      .map(({ msg }) => text(msg));
  },
};

const coinbaseService: Service = {
  profile: coinbase(),
  names: ['matches:BAND-GBP', 'matches:SKL-BTC'],
  manners: (isRefusing = false) => ({
    answers: ({ channels }: Request) => [
      isRefusing
        ? { type: 'error', message: 'Failed to subscribe', reason: 'NOPE-USD is not a valid product' }
        : { type: 'subscriptions', channels },
    ],
    begins: ({ type }) => type === 'subscribe',
  }),
  limit: { type: 'error', message: 'Rate limit exceeded' },
  async frames() {
    const all = (await recording('coinbase-raw-20210417')) as Envelope[];
    return all.filter(({ msg }) => msg.type === 'match' || msg.type === 'last_match').map(({ msg }) => text(msg));
  },
};

const krakenService: Service = {
  profile: kraken(),
  names: ['trade:BTC/USD', 'trade:ETH/USD'],
  manners: (isRefusing = false) => ({
    greeting: { channel: 'status', type: 'update', data: [{ system: 'online', api_version: 'v2' }] },
    answers({ method, params, req_id }) {
      const { channel, symbol } = params as { channel: string; symbol: readonly string[] };
      return symbol.map((each) =>
        isRefusing
          ? { error: `Currency pair not supported ${each}`, method, success: false, symbol: each, req_id }
          : { method, result: { channel, snapshot: false, symbol: each }, success: true, req_id },
      );
    },
    begins: ({ method }) => method === 'subscribe',
  }),
  limit: { error: 'Exceeded msg rate limit', method: 'subscribe', success: false },
  async frames() {
    return (await trades()).map(({ sym, p, s, t, q }) =>
      text({
        channel: 'trade',
        type: 'update',
        data: [
          {
            symbol: sym,
            side: 'buy',
            price: p,
            qty: s,
            ord_type: 'market',
            trade_id: q,
            timestamp: new Date(t).toISOString(),
          },
        ],
      }),
    );
  },
};

export const services: Readonly<Record<string, Service>> = {
  massive: massiveService,
  alpaca: alpacaService,
  'alpaca in MessagePack': packedAlpaca,
  binance: binanceService,
  coinbase: coinbaseService,
  kraken: krakenService,
};
