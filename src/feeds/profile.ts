import type { Discriminator } from '../core/recognition.ts';

/** What the service wants to see at the login, by name: `{ key }`, `{ key, secret }`. Never shown or logged. */
export type Credentials = Readonly<Record<string, string>>;

/** Which subscriptions an answer is about; nothing: all that have no answer yet. */
export interface Meant {
  readonly names?: readonly string[];
  /** Those of the request with this `id`. */
  readonly id?: number;
  /** Those that end with this after a colon. */
  readonly symbol?: string;
}

/**
 * What a message of the service means that is no market data. `subscribed` and `subscription-refused`, which has a `why`,
 * say with the fields of `Meant` which subscriptions they are about.
 */
export type Answer =
  /** The greeting of a service that `greets`. */
  | { readonly is: 'connected' }
  | { readonly is: 'logged-in' }
  | { readonly is: 'login-refused'; readonly why: string }
  | ({ readonly is: 'subscribed' } & Meant)
  | ({ readonly is: 'subscription-refused'; readonly why: string } & Meant)
  /** Too many connections, subscriptions or requests: the feed waits before it connects again. */
  | { readonly is: 'limited'; readonly why: string }
  /** The service is about to end the connection. */
  | { readonly is: 'ending'; readonly why: string }
  /** Nothing follows from it: a heartbeat, a status, a notice. */
  | { readonly is: 'notice'; readonly why?: string };

/** The number of a message among those of the same kind and symbol; each is one higher than the one before. */
export interface SequenceNumber {
  /** Which messages are numbered together, such as `trade BTCUSDT`. */
  readonly of: string;
  readonly number: number;
}

/** A form of messages in bytes: the package `@msgpack/msgpack` is one. */
export interface BinaryFormat {
  encode(message: unknown): Uint8Array;
  /** Throws on bytes that it cannot read. */
  decode(bytes: Uint8Array): unknown;
}

/**
 * All that a feed knows of a service: pure functions of what was parsed, which may throw on a strange message. It then
 * counts as garbage. A profile of your own is the same object.
 */
export interface FeedProfile {
  readonly name: string;
  /** Where the service is, unless `createFeed` names another place. */
  readonly url: string;
  /** Sent with the request that opens the socket, below those of the feed. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What is sent is written so, and frames of bytes are read so. Default: text only, and bytes are garbage. */
  readonly binary?: BinaryFormat;
  /** The service says something first, and wants to hear nothing before. Default: false. */
  readonly greets?: boolean;
  /** The names of the credentials it needs. Default: none. */
  readonly needs?: readonly string[];
  /** Messages that log in. Default: no login. */
  logIn?(credentials: Credentials): readonly unknown[];
  /** Messages that ask for these subscriptions. Throws on a name that it cannot read. `id` tells the request apart. */
  subscribe(names: readonly string[], id: number): readonly unknown[];
  unsubscribe(names: readonly string[], id: number): readonly unknown[];
  /**
   * What stands in the field of `recognize` of the one message that this text is, found without parsing; undefined, or if it
   * throws: the text is parsed. A message whose type is null in the table is then only counted. Default: every text is parsed.
   */
  peek?(text: string): string | undefined;
  /** Undefined: it is market data. An array that is a whole frame is asked for each of its elements. */
  answer(element: unknown): Answer | undefined;
  /** The message, or the messages, inside of what came. Default: what came is the message. */
  unwrap?(element: unknown): unknown;
  /** The data type of a message, by one of its fields; null: nobody wants it. What is not in the table, the router recognizes. */
  readonly recognize: Pick<Discriminator, 'field' | 'types'>;
  symbol(message: unknown): string | undefined;
  /** In milliseconds since 1970; undefined: it has no time of its own. */
  time(message: unknown): number | undefined;
  /** Undefined: it has none in which a jump would mean that something is missing. Default: none has. */
  sequence?(message: unknown): SequenceNumber | undefined;
}

/** The fields of a message of the service; what they hold, nobody knows. */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(element: unknown): Fields {
  return typeof element === 'object' && element !== null ? (element as Fields) : {};
}

export function textIn(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}

/** The text in quotes that follows `before`, which must stand at `at`; undefined: something else does. */
export function quotedAfter(text: string, before: string, at = 0): string | undefined {
  if (!text.startsWith(before, at)) return undefined;
  const from = at + before.length;
  const to = text.indexOf('"', from);
  return to === -1 ? undefined : text.slice(from, to);
}

/** A time as services write it, in ms since 1970: a number of ms, µs or ns, told apart by its size, ISO 8601, or a `Date`. */
export function timeIn(value: unknown): number | undefined {
  if (value instanceof Date) return timeIn(value.getTime());
  if (typeof value === 'string') {
    const parsed = Date.parse(value);
    return Number.isNaN(parsed) ? undefined : parsed;
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  // Of nanoseconds a number holds steps of 256.
  if (value >= 1e17) return Math.trunc(value / 1e6);
  return value >= 1e14 ? value / 1e3 : value;
}

/** Names of the form `kind:symbol`, as the kinds and the symbols of each. Throws on a name without a symbol. */
export function byKind(names: readonly string[], kinds?: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const at = name.indexOf(':');
    const [kind, symbol] = [name.slice(0, at), name.slice(at + 1)];
    if (at <= 0 || symbol === '') throw new Error(`a subscription is written kind:symbol, got '${name}'`);
    if (kinds !== undefined && !kinds.includes(kind))
      throw new Error(`there are ${kinds.join(', ')}, got '${kind}' in '${name}'`);
    groups.set(kind, [...(groups.get(kind) ?? []), symbol]);
  }
  return groups;
}
