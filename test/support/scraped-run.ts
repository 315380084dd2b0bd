import { createRandom } from '../../src/index.ts';
import type { Question } from '../../src/inspector/thread-link.ts';
import { ThreadWatch } from '../../src/inspector/thread-watch.ts';
import { checkedOptions } from '../../src/metrics/labels.ts';
import { readRouter } from '../../src/metrics/reading.ts';
import { createTestRouter, message, type Reaction, slow, type TestMessage } from '../../src/testing/index.ts';

export const SCRAPE_S = 15;
const STEP_MS = 200;
const LENGTH_MS = 1_800_000;
/** How many messages each channel gets in a step, on average. */
const LOADS = { tick: 9, ohlcv: 2, fmv: 4, book: 8 } as const;
/** So many messages of `fmv` are poison. */
const POISON_EVERY = 300;

const sinks = {
  tick: { batchSize: 10, timeoutMs: 50, capacity: 400 },
  ohlcv: {
    batchSize: 20,
    timeoutMs: 500,
    capacity: 2_000,
    breaker: { minimumCalls: 4, coolDownMs: 5_000, slowCallMs: 60 },
  },
  fmv: { batchSize: 5, timeoutMs: 200, capacity: 200, overflow: 'drop-oldest' },
  book: { batchSize: 10, timeoutMs: 100, capacity: 60, overflow: 'conflate' },
} as const;

/** What happens in which minutes. */
const minutes = {
  ohlcvDown: [3, 7],
  fmvPaused: [9, 11],
  bookSlow: [14, 17],
  tickHangs: [20, 21],
  ohlcvDownAgain: [27, 31],
} as const;

/** Half an hour of a router on the simulated clock, as Prometheus would have scraped it: samples with times. */
export async function scrapedRun(): Promise<{ readonly scrapes: readonly string[]; readonly endMs: number }> {
  const random = createRandom(20_260_101);
  const test = await createTestRouter({ sinks, seed: 20_260_101 });
  const startMs = test.clock.wallTime();
  const is = ([from, to]: readonly [number, number]): boolean => {
    const minute = (test.clock.wallTime() - startMs) / 60_000;
    return minute >= from && minute < to;
  };
  const steady: Reaction<TestMessage> = (call) => slow(1 + 6 * random())(call);
  const reactions: Readonly<Record<keyof typeof LOADS, Reaction<TestMessage>>> = {
    tick: (call) => (is(minutes.tickHangs) ? new Promise(() => {}) : slow(0.2 + random())(call)),
    ohlcv: (call) =>
      is(minutes.ohlcvDown) || is(minutes.ohlcvDownAgain)
        ? Promise.reject(new Error('connection refused'))
        : steady(call),
    fmv(call) {
      call.batch.forEach(({ n }, index) => {
        if (n % POISON_EVERY === 0)
          call.context.fail(index, Object.assign(new Error('no price'), { retryable: false }));
      });
      return steady(call);
    },
    book: (call) => slow(is(minutes.bookSlow) ? 400 : 2 + 3 * random())(call),
  };
  for (const [name, reaction] of Object.entries(reactions)) test.sink(name).otherwise = reaction;
  test.router.events.on('channel.restarted', () => {
    throw new Error('a listener of the host that throws');
  });
  const told = checkedOptions('scrapedRun', { labels: { job: 'sluice', instance: '10.0.4.2:9464' } });
  const all = () => ({ reading: readRouter(test.router), counters: {} });
  const answer = (to: Question) => queueMicrotask(() => watch.hear({ to, health: test.router.health(), all: all() }));
  const watch = new ThreadWatch(all(), answer, test.clock, 5_000, told);
  const scrapes: string[] = [];
  let n = 0;
  for (let step = 1; step <= LENGTH_MS / STEP_MS; step += 1) {
    const swell = 1 + 0.5 * Math.sin(step / 1_500);
    for (const [name, load] of Object.entries(LOADS)) {
      const count = Math.floor(load * swell * 2 * random() + random());
      for (let sent = 0; sent < count; sent += 1)
        test.router.route(message(name, n++, `S${n % 50}`), { dataType: name });
    }
    if (step % 50 === 0) test.router.route({ ev: 'Q', sym: 'A' });
    const isPaused = test.router.channels.get('fmv')?.partitions[0]?.state === 'paused';
    if (is(minutes.fmvPaused) !== isPaused) test.router[isPaused ? 'resume' : 'pause']('fmv');
    await test.advance(STEP_MS);
    if (step % ((SCRAPE_S * 1_000) / STEP_MS) === 0) {
      const text = watch.metrics();
      await test.clock.settle();
      scrapes.push(samplesAt(await text, test.clock.wallTime() / 1_000));
    }
  }
  const endMs = test.clock.wallTime();
  await test.stop({ deadlineMs: 1_000 });
  return { scrapes, endMs };
}

/** OpenMetrics wants the types of all metrics first and once; a sample without one is as good. */
function samplesAt(text: string, seconds: number): string {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => `${line} ${seconds}\n`).join('');
}
