/** A trade: price `p`, size `s`, time `t` in ms, sequence number `q`. */
export interface TradeMessage {
  readonly ev: 'T';
  readonly sym: string;
  readonly i: string;
  readonly p: number;
  readonly s: number;
  readonly t: number;
  readonly q: number;
}

/** A bar of the window from `s` to `e` (ms): open, close, high, low, volume `v`, price by volume `vw`, mean size `z`. */
export interface BarMessage {
  readonly ev: 'A' | 'AM';
  readonly sym: string;
  readonly v: number;
  readonly vw: number;
  readonly o: number;
  readonly c: number;
  readonly h: number;
  readonly l: number;
  readonly z: number;
  readonly s: number;
  readonly e: number;
}

interface OpenBar {
  open: number;
  close: number;
  high: number;
  low: number;
  volume: number;
  turnover: number;
  trades: number;
}

/** Builds the bars of one length from the trades. A symbol without a trade has no bar, as on the real feed. */
export class BarBuilder {
  readonly #ev: BarMessage['ev'];
  readonly #lengthMs: number;
  readonly #open = new Map<string, OpenBar>();

  constructor(ev: BarMessage['ev'], lengthMs: number) {
    this.#ev = ev;
    this.#lengthMs = lengthMs;
  }

  add({ sym, p, s }: TradeMessage): void {
    let bar = this.#open.get(sym);
    if (bar === undefined) {
      bar = { open: p, close: p, high: p, low: p, volume: 0, turnover: 0, trades: 0 };
      this.#open.set(sym, bar);
    }
    bar.close = p;
    bar.high = Math.max(bar.high, p);
    bar.low = Math.min(bar.low, p);
    bar.volume += s;
    bar.turnover += p * s;
    bar.trades += 1;
  }

  /** The finished bars, if a window of this length ends at `endMs`. */
  *closeAt(endMs: number): Generator<BarMessage> {
    if (endMs % this.#lengthMs !== 0) return;
    for (const [sym, bar] of this.#open) {
      yield {
        ev: this.#ev,
        sym,
        v: bar.volume,
        vw: Number((bar.turnover / bar.volume).toFixed(4)),
        o: bar.open,
        c: bar.close,
        h: bar.high,
        l: bar.low,
        z: Math.round(bar.volume / bar.trades),
        s: endMs - this.#lengthMs,
        e: endMs,
      };
    }
    this.#open.clear();
  }
}
