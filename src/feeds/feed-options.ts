import { createSystemClock } from '../adapters/system-clock.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import type { BackoffLimits } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import { createRandom, type Random } from '../core/random.ts';
import { invalidOption } from '../core/sluice-error.ts';
import type { Spill } from '../core/source-port.ts';
import type { Inspect } from '../facts/inspect.ts';
import type { Backfill } from './gaps.ts';
import type { Hours } from './hours.ts';
import type { Credentials, FeedProfile } from './profile.ts';
import { checkCredentials } from './secrets.ts';
import type { OpenSocket } from './socket.ts';
import type { FullPolicy, MessageJournal, MessageRouter } from './target.ts';

/** How a feed is made. */
export interface FeedOptions {
  /** Tells it apart in views, facts and messages. */
  readonly name: string;
  readonly profile: FeedProfile;
  /** Where the messages go. */
  readonly to: MessageRouter | MessageJournal;
  /** What to subscribe to, as the profile writes it. */
  readonly subscribe: readonly string[];
  /** Another place than that of the profile: `wss:` or `ws:`. */
  readonly url?: string;
  /** What the profile needs to log in, or a function that is asked at each login. */
  readonly credentials?: Credentials | (() => Credentials);
  /** Sent with the request that opens the socket. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** When the feed may be connected. Default: always. */
  readonly hours?: Hours;
  /** Default: `spill` if the router has a journal as a source and tells messages apart as the profile does, else `pause`. */
  readonly whenFull?: FullPolicy;
  /** So many bytes of messages may wait for room; beyond that they are dropped. Default: 16 MiB. */
  readonly heldBytesMax?: number;
  /** A larger message ends the connection. Default: 4 MiB. */
  readonly messageBytesMax?: number;
  /** What happens to a message whose sequence number came before. Default: `deliver`; both count it. */
  readonly repeated?: 'deliver' | 'drop';
  /** Fetches what is missing; when its promise resolves, the gap is closed. Default: none. */
  readonly backfill?: Backfill;
  /** How long to open the socket may take, in ms. Default: 10,000. */
  readonly connectTimeoutMs?: number;
  /** How long the service may take to answer a login or a subscription, in ms. Default: 10,000. */
  readonly answerTimeoutMs?: number;
  /** After so many ms without a frame the connection is given up; a ping is sent at half of it. Default: 30,000. */
  readonly silenceMs?: number;
  /** After so many ms of streaming earlier failures are forgotten. Default: 60,000. */
  readonly stableMs?: number;
  /** The waits between attempts. Default: 500 ms, twice as long each time, at most 60,000 ms, with full jitter. */
  readonly backoff?: Partial<BackoffLimits>;
  /** Default: the clock of this computer. */
  readonly clock?: Clock;
  /** Default: seeded by the time of day. */
  readonly random?: Random;
  /** How sockets are opened. Default: by `ws`. */
  readonly open?: OpenSocket;
  /** An XState inspector. What it throws is contained. Default: none. */
  readonly inspect?: Inspect;
}

/** The same with the defaults filled in. */
export interface FeedSettings extends Required<Omit<FeedOptions, OptionalName | 'backoff'>> {
  readonly backoff: BackoffLimits;
  readonly credentials: FeedOptions['credentials'];
  readonly hours: Hours | undefined;
  readonly backfill: Backfill | undefined;
  readonly inspect: Inspect | undefined;
  readonly spill: Spill | undefined;
}
type OptionalName = 'credentials' | 'hours' | 'backfill' | 'inspect';

const optionNames: OptionNames<FeedOptions> = {
  name: true,
  profile: true,
  to: true,
  subscribe: true,
  url: true,
  credentials: true,
  headers: true,
  hours: true,
  whenFull: true,
  heldBytesMax: true,
  messageBytesMax: true,
  repeated: true,
  backfill: true,
  connectTimeoutMs: true,
  answerTimeoutMs: true,
  silenceMs: true,
  stableMs: true,
  backoff: true,
  clock: true,
  random: true,
  open: true,
  inspect: true,
};

const MIB = 1024 ** 2;
/** Numbers above 0, and their defaults. */
const POSITIVE = {
  heldBytesMax: 16 * MIB,
  messageBytesMax: 4 * MIB,
  connectTimeoutMs: 10_000,
  answerTimeoutMs: 10_000,
  silenceMs: 30_000,
  stableMs: 60_000,
};

/** Fills the defaults in. Throws `SluiceError` `invalid-option`. */
export function feedSettings(options: FeedOptions, open: OpenSocket): FeedSettings {
  checkOptions('createFeed', options, optionNames);
  const { clock = createSystemClock(), backoff, credentials, hours, backfill, inspect } = options;
  const spill = spillOf(options);
  const settings: FeedSettings = {
    url: options.profile?.url,
    whenFull: spill === undefined ? 'pause' : 'spill',
    repeated: 'deliver',
    ...POSITIVE,
    random: options.random ?? createRandom(clock.wallTime()),
    open,
    ...given(options),
    headers: { ...options.profile?.headers, ...options.headers },
    ...{ clock, credentials, hours, backfill, inspect, spill },
    backoff: { delayMs: 500, factor: 2, delayMsMax: 60_000, ...backoff },
  };
  checkSettings(settings);
  return settings;
}

function spillOf({ to, profile }: FeedOptions): Spill | undefined {
  return to !== undefined && 'feeds' in to && profile !== undefined ? to.feeds?.spillFor(profile.recognize) : undefined;
}

/** Without what is named and undefined, as a host's own optional option is. */
function given(options: FeedOptions): FeedOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as unknown as FeedOptions;
}

function checkSettings(settings: FeedSettings): void {
  const { name, profile, to, subscribe, url, whenFull, repeated, spill } = settings;
  demand(typeof name === 'string' && name !== '', 'name must be a non-empty string', name);
  demand(typeof profile?.answer === 'function', 'profile must be a profile, such as binance()', profile);
  const { binary } = profile;
  const isFormat = typeof binary?.encode === 'function' && typeof binary.decode === 'function';
  const formats = 'the binary format of the profile must have encode and decode, as the package @msgpack/msgpack has';
  demand(binary === undefined || isFormat, formats, binary);
  const takes = to as Partial<MessageRouter & MessageJournal> | undefined; // A claim that the next line verifies.
  const isTaker = typeof takes?.offer === 'function' || typeof takes?.write === 'function';
  demand(isTaker, 'to must be a router or a journal', to);
  demand(Array.isArray(subscribe), 'subscribe must be a list of names', subscribe);
  demand(URL.canParse(url) && /^wss?:$/.test(new URL(url).protocol), 'url must begin with wss:// or ws://', url);
  demand(new URL(url).hash === '', 'url must have no part behind a #, because it is not sent', url);
  demand(['pause', 'drop', 'spill'].includes(whenFull), "whenFull must be 'pause', 'drop' or 'spill'", whenFull);
  const spills =
    "whenFull 'spill' needs a router with a journal as a source that tells messages apart as the profile does (recognize: profile.recognize)";
  demand(whenFull !== 'spill' || spill !== undefined, spills, to);
  demand(['deliver', 'drop'].includes(repeated), "repeated must be 'deliver' or 'drop'", repeated);
  for (const option of Object.keys(POSITIVE)) {
    const value = settings[option as keyof typeof POSITIVE]; // These are its only names.
    demand(Number.isFinite(value) && value > 0, `${option} must be a number above 0`, value);
  }
  for (const [option, value] of Object.entries(settings.backoff))
    demand(Number.isFinite(value) && value >= 0, `backoff.${option} must be a number from 0`, value);
  // What a function gives is checked at each login.
  if (typeof settings.credentials !== 'function') checkCredentials(profile, settings.credentials);
}

function demand(holds: boolean, rule: string, got: unknown): void {
  if (holds) return;
  const shown = typeof got === 'object' && got !== null ? 'an object' : String(got);
  throw invalidOption(`createFeed: ${rule}, got ${shown}`);
}
