import { contained, isThenable } from './contained.ts';

/** A user's own opinion on the data type of a message; null: nobody wants it; undefined: no opinion. */
export type RecognitionRule = (message: unknown) => string | null | undefined;

/** How messages are told apart when no rule has an opinion. */
export interface Discriminator {
  /** The field whose value names the data type. */
  readonly field: string;
  /** The data type of each value of the field; null: nobody wants such messages. */
  readonly types: Readonly<Record<string, string | null>>;
  /** Whether a message without the field is judged by its shape. */
  readonly shapes: boolean;
}

/** The field that decides by default, as feeds of Massive have it. */
const EVENT_FIELD = 'ev';

/** What is often routed in place of the message in it. */
const WRAPPERS: ReadonlyMap<string, string> = new Map([
  ['Blob', 'bytes are not a message; decode and parse them first'],
  ['MessageEvent', 'a MessageEvent is not a message; parse its data and route that'],
  ['Promise', 'a promise is not a message; await it first'],
]);

/** The `ev` letters of Massive (formerly Polygon), and their data types. */
export const MASSIVE_EVENTS: readonly (readonly [event: string, dataType: string])[] = [
  ['T', 'tick'],
  ['XT', 'tick'],
  ['A', 'ohlcv'],
  ['AM', 'ohlcv'],
  ['CA', 'ohlcv'],
  ['CAS', 'ohlcv'],
  ['XA', 'ohlcv'],
  ['XAS', 'ohlcv'],
  ['FMV', 'fmv'],
];

/** Finds the data type of a message: by the user's rules, then by one field, then, if asked to, by shape. Never throws. */
export class Recognition {
  readonly #rules: readonly ((message: unknown) => unknown)[];
  #field = EVENT_FIELD;
  #types: ReadonlyMap<unknown, string | null> = new Map(MASSIVE_EVENTS);
  #shapes = false;

  /**
   * The rules are called in order. A rule that throws, or answers later, has no opinion; `ruleFailed` gets its error and
   * must not throw.
   */
  constructor(rules: readonly RecognitionRule[] = [], ruleFailed: (error: unknown) => void = () => {}) {
    this.#rules = rules.map((rule) =>
      contained((message: unknown) => {
        const opinion: unknown = rule(message);
        if (isThenable(opinion)) ruleFailed(new TypeError('a rule must answer at once, not by a promise'));
        return opinion;
      }, ruleFailed),
    );
  }

  /** From now on messages are told apart like this. The events of Massive hold beside the types, for the field `ev`. */
  configure({ field, types, shapes }: Discriminator): void {
    this.#field = field;
    this.#types = new Map([...(field === EVENT_FIELD ? MASSIVE_EVENTS : []), ...Object.entries(types)]);
    this.#shapes = shapes;
  }

  /** Whether this `ev` alone decides the data type: not when rules come first, or another field decides. */
  decidesBy(event: unknown): boolean {
    return this.#rules.length === 0 && this.#field === EVENT_FIELD && this.#types.has(event);
  }

  /** Undefined: unknown; `why` says why. Null: nobody wants it. */
  dataTypeOf(message: unknown): string | null | undefined {
    for (const rule of this.#rules) {
      const opinion = rule(message);
      if (opinion === null || (typeof opinion === 'string' && opinion !== '')) return opinion;
    }
    try {
      if (!isRecord(message)) return undefined;
      const value = discriminating(message, this.#field);
      const dataType = this.#types.get(value);
      if (dataType !== undefined) return dataType;
      // A feed that names its events has said what this is not; guessing from the shape could only contradict it.
      return value === undefined && this.#shapes ? shapeOf(message) : undefined;
    } catch {
      return undefined;
    }
  }

  /** What the field says that tells messages apart; undefined: nothing. Never throws. */
  valueIn(message: unknown): string | undefined {
    try {
      return isRecord(message) ? discriminating(message, this.#field) : undefined;
    } catch {
      return undefined;
    }
  }

  /** One line for people on why `dataTypeOf` did not know this message. */
  why(message: unknown): string {
    try {
      if (typeof message === 'string') return 'a string is not a message; parse it first';
      if (isBytes(message)) return 'bytes are not a message; decode and parse them first';
      const wrapped = WRAPPERS.get((message as object | null | undefined)?.constructor?.name ?? '');
      if (wrapped !== undefined) return wrapped;
      if (isList(message)) return 'an array is not a message; route its elements';
      if (Array.isArray(message))
        return 'no rule knows this array, which is one message: its first element is no object';
      if (!isRecord(message)) return `${message == null ? message : `a ${typeof message}`} is not a message`;
      const value = discriminating(message, this.#field);
      if (value !== undefined) return `no data type is known for ${this.#field} ${JSON.stringify(value.slice(0, 40))}`;
      return this.#shapes
        ? `no ${this.#field}, and no shape of a trade, bar or fair value`
        : `no ${this.#field}; router.recognize.field names the field that tells messages apart`;
    } catch {
      return 'the message throws when it is read';
    }
  }
}

/** The value of the field as text, as a table has it; undefined: there is none. */
function discriminating(message: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = message[field];
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value : undefined;
}

/**
 * An array is a list of messages if an object comes first in it, or nothing, as feeds send them. Any other array, with a
 * number, a text or an array first, is one message, as Kraken sends them. Never throws.
 */
export function isList(element: unknown): boolean {
  try {
    return Array.isArray(element) && (element.length === 0 || isRecord(element[0]));
  } catch {
    return false;
  }
}

/** The messages of a list; undefined: it is none, or cannot be read. `isLenient`: an object anywhere in it is enough. */
export function listOf(element: unknown, isLenient = false): readonly unknown[] | undefined {
  try {
    if (!Array.isArray(element)) return undefined;
    return isList(element) || (isLenient && element.some(isRecord)) ? [...element] : undefined;
  } catch {
    return undefined;
  }
}

/** Text or bytes: what a message is before it is parsed. */
export function isBytes(element: unknown): element is string | ArrayBuffer | ArrayBufferView {
  return typeof element === 'string' || ArrayBuffer.isView(element) || element instanceof ArrayBuffer;
}

function isRecord(message: unknown): message is Record<string, unknown> {
  return typeof message === 'object' && message !== null && !Array.isArray(message);
}

/** From the most telling shape to the least: a bar or a fair value may also carry a price. */
function shapeOf(message: Record<string, unknown>): string | undefined {
  const { fmv, fairMarketValue, fair_value, o, h, l, c, v, open, high, low, close, volume } = message;
  if ([fmv, fairMarketValue, fair_value].some(Number.isFinite)) return 'fmv';
  if ([o, h, l, c, v].every(Number.isFinite)) return 'ohlcv';
  if ([open, high, low, close, volume].every(Number.isFinite)) return 'ohlcv';
  const { sym, pair, symbol, ticker, p, price, t, time, timestamp } = message;
  const hasSymbol = [sym, pair, symbol, ticker].some((name) => typeof name === 'string' && name !== '');
  const hasTime = [t, time, timestamp].some((at) => Number.isFinite(at) || (typeof at === 'string' && at !== ''));
  return hasSymbol && hasTime && [p, price].some(Number.isFinite) ? 'tick' : undefined;
}
