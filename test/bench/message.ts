export type MessageType = 'T' | 'AM' | 'FMV';

/** A trade, a bar of one minute or a fair value, as Massive sends them. */
export interface Message {
  readonly ev: MessageType;
  readonly sym: string;
  /** Counts the messages of a type. */
  readonly n: number;
  readonly [field: string]: unknown;
}

/** The three types in the order of their priority. */
export const messageTypes: readonly MessageType[] = ['T', 'AM', 'FMV'];

/** After so many messages of the mix every type has come a multiple of 100 times: no batch is left half full. */
export const MIX_PERIOD = 2_000;

const SYMBOLS = Array.from({ length: 64 }, (_, index) => `S${index}`);
const START_MS = 1_723_159_455_000;

/** The type of a message by its place: of each 20 messages 16 are trades, 3 bars and 1 a fair value, spread evenly. */
export function mixedType(place: number): MessageType {
  const rest = place % 20;
  return rest === 19 ? 'FMV' : rest % 6 === 5 ? 'AM' : 'T';
}

/** Message number `n` of its type. */
export function messageOf(ev: MessageType, n: number): Message {
  const sym = SYMBOLS[n % SYMBOLS.length] ?? '';
  const p = 100 + (n % 1_000) / 100;
  const t = START_MS + n;
  if (ev === 'T') return { ev, sym, p, s: 100, t, n };
  if (ev === 'FMV') return { ev, fmv: p, sym, t, n };
  return { ev, sym, o: p, h: p + 1, l: p - 1, c: p, v: 1_000, s: t, e: t + 60_000, n };
}
