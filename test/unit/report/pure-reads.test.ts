import { expect, it } from 'vitest';
import { ProcessingChannel } from '../../../src/index.ts';
import { takeFrame } from '../../../src/inspector/frame.ts';
import { prometheusText } from '../../../src/metrics/prometheus.ts';
import { readRouter } from '../../../src/metrics/reading.ts';
import type { TestMessage, TestRouter } from '../../../src/testing/index.ts';
import { busy, createTestRouter, fail, messages, slow } from '../../../src/testing/index.ts';

/** Fails now and then. */
class Ticks extends ProcessingChannel<TestMessage> {
  override process(batch: readonly TestMessage[]): void {
    if (batch.some(({ n }) => n % 7 === 0)) throw new Error('a seventh message');
  }
}

/** A router and what a channel of it can read of itself. */
interface Seen {
  readonly rig: TestRouter;
  readonly ticks: Ticks;
}

/** Everything that reads a router. */
const reads: Readonly<Record<string, (seen: Seen) => unknown>> = {
  'metrics()': ({ rig }) => rig.router.metrics(),
  'the metrics that a channel reads of itself': ({ ticks }) => ticks.metrics,
  'health()': ({ rig }) => rig.router.health(),
  'explain()': ({ rig }) => [...rig.router.channels.keys()].map((name) => rig.router.explain(name)),
  'the list of alerts': ({ rig }) => rig.router.alerts,
  channels: ({ rig }) => [rig.router.channels, rig.router.registry],
  'the configuration': ({ rig }) => rig.router.config,
  'the list of dead letters': ({ rig }) => rig.router.deadLetters.list(),
  'the text for Prometheus': ({ rig }) => prometheusText(rig.router),
  'a frame of the inspector': ({ rig }) => takeFrame(rig.router, rig.clock, readRouter(rig.router)),
};

/** Three seconds with retries, waits, losses and an opened breaker; `look` comes between any two steps. */
async function run(look: (seen: Seen) => void): Promise<Seen> {
  const ticks = new Ticks();
  const limits = { batchSize: 5, capacity: 20, overflow: 'drop-oldest', breaker: { window: { ms: 2_000 } } } as const;
  const rig = await createTestRouter({
    config: { channels: { tick: limits } },
    sinks: { ohlcv: { ...limits, partitions: 2 }, fmv: { batchSize: 10, timeoutMs: 50 } },
    channels: { tick: () => ticks },
  });
  rig.sink('ohlcv').otherwise = slow(30);
  rig.sink('fmv').otherwise = busy(3);
  for (let step = 0; step < 60; step += 1) {
    if (step === 20) rig.sink('ohlcv').otherwise = fail();
    if (step === 30) rig.router.trip('fmv');
    rig.router.routeAll(['tick', 'ohlcv', 'fmv'].flatMap((name) => messages(name, 3, step * 3)));
    if (step % 4 === 0) rig.router.routeAll([null, ...messages('ohlcv', 30, 1_000 * step)]);
    look({ rig, ticks });
    await rig.clock.advance(50);
    look({ rig, ticks });
  }
  return { rig, ticks };
}

it.each(Object.entries(reads))('%s changes no other read, however often it comes', async (_name, read) => {
  const [seen, unseen] = [await run(read), await run(() => {})];
  const { channels } = unseen.rig.router.metrics();
  expect(channels).toMatchObject({ ohlcv: { breaker: { state: 'open' } }, tick: { deadLettered: expect.any(Number) } });
  for (const [name, of] of Object.entries(reads)) {
    expect(of(seen), name).toEqual(of(unseen));
    // Nor does one read change the next of its kind.
    expect(of(seen), name).toEqual(of(seen));
  }
});
