import { createRandom, type Random } from '../core/random.ts';
import { BarBuilder, type BarMessage, type TradeMessage } from './market-bars.ts';

/** A trade, a bar or a fair value in the shape Massive sends for stocks. */
export type MarketMessage = TradeMessage | BarMessage | FairValueMessage;

/** A fair value `fmv` at time `t` in ms. */
interface FairValueMessage {
  readonly ev: 'FMV';
  readonly fmv: number;
  readonly sym: string;
  readonly t: number;
}

/** Where every generated session starts: 2025-01-02 14:30 UTC. */
export const MARKET_START_MS = Date.UTC(2025, 0, 2, 14, 30);

const SYMBOLS: ReadonlyMap<string, number> = new Map([
  ['ALFA', 187.2],
  ['BRAV', 42.15],
  ['CHAR', 611.8],
  ['DELT', 64.4],
  ['ECHO', 96.3],
  ['FOXT', 23.1],
]);
/** The rates follow the recordings: some 200 trades a second on average, and single seconds of twenty times that. */
const TRADES_PER_SECOND = 120;
const BURSTS_PER_SECOND = 0.3;
const BURST_SIZE_MIN = 60;
const BURST_SIZE_MAX = 4_000;
const BURST_GAP_MS = 0.02;

interface Arrival {
  readonly timeMs: number;
  /** Trades of the running burst still to come, after this one. */
  readonly burstLeft: number;
}

/** An endless market, the same for the same seed: bars of a second and a minute, fair values, and trades in time order. */
export function* generateMarket(seed: number): Generator<MarketMessage, never> {
  const random = createRandom(seed);
  const fairValues = new Map(SYMBOLS);
  const symbols = [...SYMBOLS.keys()];
  const bars = [new BarBuilder('A', 1_000), new BarBuilder('AM', 60_000)];
  let second = MARKET_START_MS;
  let symbol = pick(symbols, random);
  let arrival: Arrival = { timeMs: MARKET_START_MS, burstLeft: 0 };
  for (let q = 1; ; q += 1) {
    const wasBurst = arrival.burstLeft > 0;
    arrival = nextArrival(arrival, random);
    for (; second + 1_000 <= arrival.timeMs; second += 1_000) yield* endOfSecond(second + 1_000, bars, fairValues);
    if (!wasBurst) symbol = pick(symbols, random);
    const trade = nextTrade(symbol, q, Math.floor(arrival.timeMs), fairValues, random);
    for (const builder of bars) builder.add(trade);
    yield trade;
  }
}

function nextArrival({ timeMs, burstLeft }: Arrival, random: Random): Arrival {
  if (burstLeft > 0) return { timeMs: timeMs + exponential(BURST_GAP_MS, random), burstLeft: burstLeft - 1 };
  const gapMs = exponential(1_000 / (TRADES_PER_SECOND + BURSTS_PER_SECOND), random);
  const isBurst = random() < BURSTS_PER_SECOND / (TRADES_PER_SECOND + BURSTS_PER_SECOND);
  // A power law: most bursts are small, a few are as large as an auction.
  const burstSize = Math.min(BURST_SIZE_MAX, Math.floor(BURST_SIZE_MIN * (1 - random()) ** (-1 / 1.2)));
  return { timeMs: timeMs + gapMs, burstLeft: isBurst ? burstSize : 0 };
}

function nextTrade(sym: string, q: number, t: number, fairValues: Map<string, number>, random: Random): TradeMessage {
  const before = fairValues.get(sym) ?? 1;
  // Multiplying keeps a price above zero however long the market runs.
  const fair = Math.max(0.05, before * Math.exp(0.0001 * normal(random)));
  fairValues.set(sym, fair);
  const p = Math.max(0.01, rounded(fair * (1 + 0.0001 * normal(random)), 2));
  const s = Math.ceil(exponential(120, random)) || 1;
  return { ev: 'T', sym, i: String(q), p, s, t, q };
}

function* endOfSecond(
  t: number,
  bars: readonly BarBuilder[],
  fairValues: ReadonlyMap<string, number>,
): Generator<MarketMessage> {
  for (const builder of bars) yield* builder.closeAt(t);
  for (const [sym, fair] of fairValues) yield { ev: 'FMV', fmv: rounded(fair, 4), sym, t };
}

function pick(symbols: readonly string[], random: Random): string {
  return symbols[Math.floor(random() * symbols.length)] ?? '';
}

function exponential(mean: number, random: Random): number {
  return -mean * Math.log(1 - random());
}

/** Nearly normal, mean 0 and variance 1. Source: Irwin–Hall with 12 terms. */
function normal(random: Random): number {
  let sum = -6;
  for (let term = 0; term < 12; term += 1) sum += random();
  return sum;
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
