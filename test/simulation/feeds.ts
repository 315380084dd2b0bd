import { createRandom } from '../../src/core/random.ts';
import { createFeed, type Feed, type FeedGap, type MessageRouter } from '../../src/feeds/index.ts';
import type { Outcome } from '../../src/index.ts';
import type { SimulatedClock, TestMessage } from '../../src/testing/index.ts';
import { createSimulatedClock, simulatedExchange } from '../../src/testing/index.ts';

const STEPS = 60;
const QUIET_MS = 200_000;
const FULL: Outcome = { status: 'rejected', reason: 'mailbox-full' };
const ACCEPTED: Outcome = { status: 'accepted' };

/** A router that has no room for a while, now and then. */
class TightRouter implements MessageRouter {
  readonly taken: number[] = [];
  /** A journal that takes its time to write, in the order of the calls, and to give what was written to the router. */
  readonly spill = {
    written: 0,
    settled: 0,
    write: (messages: readonly unknown[]) => {
      this.#writing = this.#writing.then(async () => {
        await this.#pass(this.#random() * 50);
        this.spill.written += 1;
        void this.#settle(this.spill.written, messages);
      });
      return this.#writing;
    },
  };
  readonly feeds = { spillFor: () => this.spill, routeRun: (_: unknown, from: number) => from };
  #writing: Promise<void> = Promise.resolve();
  #settling: Promise<void> = Promise.resolve();
  readonly #clock: SimulatedClock;
  readonly #random: () => number;
  #share: number;
  #fullUntil = 0;

  constructor(clock: SimulatedClock, random: () => number, share: number) {
    this.#clock = clock;
    this.#random = random;
    this.#share = share;
  }

  heal(): void {
    this.#share = 0;
  }

  route(message: unknown): Outcome {
    if (this.#clock.now() < this.#fullUntil) return FULL;
    if (this.#random() < this.#share) {
      this.#fullUntil = this.#clock.now() + this.#random() * 5_000;
      return FULL;
    }
    this.taken.push((message as TestMessage).n);
    return ACCEPTED;
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimeout(resolve, ms));
  }

  #settle(position: number, messages: readonly unknown[]): Promise<void> {
    this.#settling = this.#settling.then(async () => {
      await this.#pass(this.#random() * 3_000);
      for (const message of messages) this.taken.push((message as TestMessage).n);
      this.spill.settled = position;
    });
    return this.#settling;
  }

  offer(message: unknown): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#clock.setTimeout(
        () => {
          this.taken.push((message as TestMessage).n);
          resolve(ACCEPTED);
        },
        Math.max(0, this.#fullUntil - this.#clock.now()),
      );
    });
  }
}

/** Lets a feed live through an exchange that trades over a bad network; returns what breaks a law. */
export async function runFeed(seed: number): Promise<readonly string[]> {
  const random = createRandom(seed);
  const clock = createSimulatedClock();
  const exchange = simulatedExchange({
    clock,
    seed: seed + 1,
    faults: {
      delayMs: random() * 500,
      refused: random() * 0.4,
      silent: random() * 0.2,
      cutAfterMs: 1_000 + random() * 60_000,
      halfOpen: random() * 0.5,
      garbage: random() * 0.1,
      repeated: Math.floor(random() * 20),
    },
  });
  const { open, profile } = exchange;
  const router = new TightRouter(clock, random, random() < 0.5 ? 0 : 0.02);
  const repeated = random() < 0.5 ? 'drop' : 'deliver';
  const whenFull = (['pause', 'drop', 'spill'] as const)[Math.floor(random() * 3)] ?? 'pause';
  const heldBytesMax = random() < 0.5 ? 500 : 100_000;
  const policies = { repeated, whenFull, heldBytesMax } as const;
  const feed = createFeed({ name: 'main', profile, open, clock, random, to: router, subscribe: ['all'], ...policies });
  const gaps: FeedGap[] = [];
  feed.events.on('feed.gap', (gap) => gaps.push(gap));
  feed.start();
  const broken: string[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    exchange.trade(Math.floor(random() * 8));
    await clock.advance(random() * 5_000);
    if (!feed.view.metrics.conserved) broken.push(`step ${step}: not conserved`);
  }
  exchange.heal();
  router.heal();
  await clock.advance(QUIET_MS);
  for (let n = 0; n < 3; n += 1) {
    exchange.trade(1);
    await clock.advance(10_000);
  }
  broken.push(...lawsOfTheEnd(feed, gaps, router.taken, exchange.trades - 1, repeated));
  feed.stop();
  await clock.advance(QUIET_MS);
  if (clock.pending > 0) broken.push(`${clock.pending} timers are left`);
  return broken.map((text) => `seed ${seed}: ${text}`);
}

/** Every trade since the first one that came was delivered, or is in a gap that says so. */
function lawsOfTheEnd(
  feed: Feed,
  gaps: readonly FeedGap[],
  taken: readonly number[],
  last: number,
  repeated: 'drop' | 'deliver',
): readonly string[] {
  const { state, metrics } = feed.view;
  const broken: string[] = [];
  if (state !== 'streaming') broken.push(`it is ${state} although nothing goes wrong any more`);
  if (taken.at(-1) !== last) broken.push(`the last trade is ${last}, and ${taken.at(-1)} was delivered last`);
  const { conserved, delivered, held, dropped } = metrics;
  let newest = -1;
  const older = taken.filter((n) => {
    const isOlder = n <= newest;
    newest = Math.max(newest, n);
    return isOlder;
  });
  if (repeated === 'drop' && new Set(taken).size < taken.length) broken.push('a trade came twice');
  if (repeated === 'drop' && older.length > metrics.gaps.late)
    broken.push(`${older} came out of order, and ${metrics.gaps.late} filled gaps`);
  if (!conserved || held > 0 || delivered !== taken.length)
    broken.push(`conserved ${conserved}, ${held} held, ${delivered} counted and ${taken.length} taken`);
  const sequence = gaps.filter(({ reason }) => reason === 'sequence');
  const missing = new Set(
    sequence.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, n) => from + n)),
  );
  const seen = new Set(taken);
  // What an exchange sends again may be what was missing.
  for (const { from, to, reason, missing: count } of feed.gaps) {
    const inside = taken.filter((n, at) => n >= from && n <= to && taken.indexOf(n) === at);
    if (reason === 'sequence' && inside.length + (count ?? 0) > to - from + 1)
      broken.push(`${inside} were delivered, and the gap from ${from} to ${to} says that ${count} are missing`);
  }
  const lost = gaps.reduce((sum, gap) => sum + (gap.reason === 'full' ? (gap.missing ?? 0) : 0), 0);
  if (lost !== dropped) broken.push(`${dropped} were dropped, and the gaps say ${lost}`);
  const first = Math.min(...missing, ...seen, last);
  const unexplained = Array.from({ length: last - first + 1 }, (_, n) => first + n).filter(
    (n) => !missing.has(n) && !seen.has(n),
  );
  if (unexplained.length > dropped) broken.push(`${unexplained} are neither delivered, in a gap nor dropped`);
  return broken;
}
