/** A user's own opinion on the data type of a message; null: nobody wants it; undefined: no opinion. */
export type RecognitionRule = (message: unknown) => string | null | undefined;

/** The `ev` letters of Massive (formerly Polygon), and their data types. */
const MASSIVE_EVENTS: ReadonlyMap<unknown, string> = new Map([
  ['T', 'tick'],
  ['XT', 'tick'],
  ['A', 'ohlcv'],
  ['AM', 'ohlcv'],
  ['XA', 'ohlcv'],
  ['XAS', 'ohlcv'],
  ['FMV', 'fmv'],
]);

/** Finds the data type of a message: by the user's rules, then by its `ev`, then by its shape. Never throws. */
export class Recognition {
  readonly #rules: readonly RecognitionRule[];
  readonly #ruleFailed: (error: unknown) => void;

  /** The rules are called in order. A rule that throws has no opinion; `ruleFailed` gets its error and must not throw. */
  constructor(rules: readonly RecognitionRule[] = [], ruleFailed: (error: unknown) => void = () => {}) {
    this.#rules = rules;
    this.#ruleFailed = ruleFailed;
  }

  /** Whether this `ev` alone decides the data type: not when the user's own rules come first. */
  decidesBy(event: unknown): boolean {
    return this.#rules.length === 0 && MASSIVE_EVENTS.has(event);
  }

  /** Undefined: unknown; `why` says why. Null: nobody wants it. */
  dataTypeOf(message: unknown): string | null | undefined {
    for (const rule of this.#rules) {
      try {
        const opinion: unknown = rule(message);
        if (opinion === null || (typeof opinion === 'string' && opinion !== '')) return opinion;
      } catch (error) {
        this.#ruleFailed(error);
      }
    }
    try {
      if (!isRecord(message)) return undefined;
      const dataType = MASSIVE_EVENTS.get(message.ev);
      if (dataType !== undefined) return dataType;
      // A feed that names its events has said what this is not; guessing from the shape could only contradict it.
      return typeof message.ev === 'string' ? undefined : shapeOf(message);
    } catch {
      return undefined;
    }
  }

  /** One line for people on why `dataTypeOf` did not know this message. */
  why(message: unknown): string {
    try {
      if (Array.isArray(message)) return 'an array is not a message; route its elements';
      if (!isRecord(message)) return `${message === null ? 'null' : `a ${typeof message}`} is not a message`;
      const event = message.ev;
      if (typeof event === 'string') return `no data type is known for ev ${JSON.stringify(event.slice(0, 40))}`;
      return 'no ev, and no shape of a trade, bar or fair value';
    } catch {
      return 'the message throws when it is read';
    }
  }
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
