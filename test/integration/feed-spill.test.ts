import { expect, it } from 'vitest';
import { createRouter, defineChannel } from '../../src/index.ts';
import { openJournal } from '../../src/journal/index.ts';
import { emptyDirectory } from '../support/empty-directory.ts';
import { FeedRig, fakeProfile } from '../support/feed-rig.ts';
import { until } from '../unit/inspector/visitor.ts';

const recognize = { field: 'kind', types: { trade: 'tick', bar: 'ohlcv' } };
const profile = fakeProfile({ recognize });
const of = (kind: string, n: number) => ({ kind, sym: kind, n });

/** A service on a journal: trades whose sink stands still until it is let go, and bars. */
async function service(directory: string) {
  const journal = await openJournal(directory);
  const trades: number[] = [];
  const bars: number[] = [];
  let letGo = (): void => {};
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  const router = createRouter({
    channels: {
      tick: defineChannel({
        async process(batch: readonly { readonly n: number }[]) {
          await gate;
          trades.push(...batch.map(({ n }) => n));
        },
      }),
      ohlcv: defineChannel({
        process: (batch: readonly { readonly n: number }[]) => void bars.push(...batch.map(({ n }) => n)),
      }),
    },
    recognize,
    config: { channels: { tick: { batchSize: 50, timeoutMs: 5, capacity: 100 }, ohlcv: { batchSize: 1 } } },
    sources: { journal: journal.source },
    deadLetters: { store: journal.letters },
  });
  const rig = new FeedRig({ profile, to: router });
  router.feeds.add(rig.feed);
  await router.start();
  rig.resume();
  return { journal, router, rig, trades, bars, letGo };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

it('R9.4 a channel that stands still fills the journal and delays no other; later it has all in order, and the feed goes straight on', async () => {
  const { journal, router, rig, trades, bars, letGo } = await service(emptyDirectory());
  for (let n = 1; n <= 1_000; n += 1) rig.say([of('trade', n), of('bar', n)]);
  await until(() => bars.length === 1_000 && rig.metrics.held === 0);
  const { spilled } = rig.metrics;
  expect(spilled).toBeGreaterThan(800);
  expect(trades).toEqual([]);
  letGo();
  await until(() => trades.length === 1_000);
  expect(trades).toEqual(numbers(1, 1_000));
  await until(() => journal.source.spill?.settled === journal.source.spill?.written);
  rig.say(of('trade', 1_001));
  await until(() => trades.length === 1_001);
  expect(rig.metrics).toMatchObject({ received: 2_001, delivered: 2_001, spilled, dropped: 0, conserved: true });
  await router.stop();
  await journal.close();
});

it('what is in the journal when the process ends comes before what the next one hears', async () => {
  const directory = emptyDirectory();
  const first = await service(directory);
  for (let n = 1; n <= 500; n += 1) first.rig.say(of('trade', n));
  await until(() => first.rig.metrics.held === 0);
  const { channels } = await first.router.stop({ deadlineMs: 50 });
  await first.journal.close();
  // Those were in the channel and not in the journal.
  const inMemory = 500 - first.rig.metrics.spilled;
  expect(channels.tick?.delivered).toBe(0);

  const second = await service(directory);
  second.letGo();
  for (let n = 501; n <= 520; n += 1) second.rig.say(of('trade', n));
  await until(() => second.trades.at(-1) === 520);
  expect(second.trades).toEqual(numbers(inMemory + 1, 520));
  await second.router.stop();
  await second.journal.close();
});
