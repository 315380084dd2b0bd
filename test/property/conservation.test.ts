import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChannelInput } from '../../src/index.ts';
import { partsOf } from '../../src/router/router.ts';
import {
  createTestRouter,
  fail,
  failWhen,
  hang,
  message,
  type Reaction,
  reject,
  slow,
  type TestMessage,
  type TestRouter,
} from '../../src/testing/index.ts';

const NAMES = ['tick', 'ohlcv', 'fmv'] as const;
const SYMBOLS = ['A', 'B', 'C', 'D', 'E'];

/** One step of a run; `next` numbers the messages, and `told` takes what `deliver` says became of them. */
interface Step {
  readonly label: string;
  run(rig: TestRouter, next: () => number, told: unknown[]): void | Promise<void>;
}

const reactions: Readonly<Record<string, Reaction<TestMessage>>> = {
  throwSync: fail(),
  reject: reject(),
  hang: hang(),
  slow: slow(30),
  failFirst: ({ context }) => context.fail(0, new Error('first')),
  notRetryable: () => {
    throw { retryable: false };
  },
};

const step = (label: string, run: Step['run']): Step => ({ label, run });
const name = fc.constantFrom(...NAMES);

const route = fc.tuple(name, fc.integer({ min: 1, max: 40 })).map(([channel, count]) =>
  step(`route ${count} ${channel}`, ({ router }, next) => {
    for (let left = count; left > 0; left -= 1) {
      const n = next();
      router.route(message(channel, n, SYMBOLS[n % 5]));
    }
  }),
);
const deliver = fc.tuple(name, fc.integer({ min: 1, max: 40 })).map(([channel, count]) =>
  step(`deliver ${count} ${channel}`, ({ router }, next, told) => {
    for (let left = count; left > 0; left -= 1) {
      const n = next();
      void router.deliver(message(channel, n, SYMBOLS[n % 5])).then((outcome) => told.push([n, outcome]));
    }
  }),
);
const unknown = fc.constant(step('route null', ({ router }) => void router.route(null)));
const advance = fc.integer({ min: 0, max: 2_000 }).map((ms) => step(`advance ${ms}`, (rig) => rig.advance(ms)));
const operate = fc
  .tuple(fc.constantFrom('pause', 'resume', 'flush', 'restart'), name)
  .map(([verb, channel]) => step(`${verb} ${channel}`, ({ router }) => router[verb as 'pause'](channel)));
const failing = fc
  .tuple(name, fc.constantFrom(...Object.keys(reactions)), fc.integer({ min: 1, max: 8 }))
  .map(([channel, reaction, times]) =>
    step(`${channel} meets ${times} × ${reaction}`, (rig) => {
      for (let left = times; left > 0; left -= 1) rig.sink(channel).script.push(reactions[reaction] ?? hang());
    }),
  );
const poison = name.map((channel) =>
  step(`${channel} is poisoned`, (rig) => {
    rig.sink(channel).otherwise = failWhen(({ n }) => n % 17 === 3);
  }),
);

const weighted = [
  { weight: 8, arbitrary: route },
  { weight: 6, arbitrary: advance },
  { weight: 3, arbitrary: operate },
  { weight: 3, arbitrary: failing },
  { weight: 1, arbitrary: poison },
  { weight: 1, arbitrary: unknown },
];

const settings = fc.record({
  overflow: fc.constantFrom('reject' as const, 'drop-oldest' as const, 'drop-newest' as const, 'conflate' as const),
  capacity: fc.integer({ min: 5, max: 60 }),
  batchSize: fc.integer({ min: 1, max: 5 }),
  partitions: fc.integer({ min: 1, max: 3 }),
  /** `touchy`: of the last few calls, and a slow one counts. */
  kind: fc.constantFrom('usual', 'touchy', 'off'),
});

const breakers: Readonly<Record<string, ChannelInput['breaker']>> = {
  usual: {},
  touchy: { window: { count: 3 }, minimumCalls: 2, slowCallMs: 25 },
  off: false,
};

function rigFor({ kind, ...limits }: typeof settings extends fc.Arbitrary<infer Value> ? Value : never) {
  const channel: ChannelInput = {
    ...limits,
    processTimeoutMs: 100,
    abandonAfterMs: 100,
    restart: { limit: 3, withinMs: 2_000 },
    breaker: breakers[kind],
  };
  return createTestRouter({ sinks: { tick: channel, ohlcv: channel, fmv: channel } });
}

/** Of each symbol the numbers in the order of the first time they were handed over. */
function firstOffers(rig: TestRouter, channel: string): Map<string, number[]> {
  const bySymbol = new Map<string, number[]>();
  const seen = new Set<TestMessage>();
  for (const each of rig.sink(channel).calls.flatMap(({ batch }) => batch)) {
    if (seen.has(each)) continue;
    seen.add(each);
    bySymbol.set(each.sym, [...(bySymbol.get(each.sym) ?? []), each.n]);
  }
  return bySymbol;
}

const withLabels = (sequence: readonly Step[]): string => sequence.map(({ label }) => label).join(' · ');
const runsOf = (...kinds: typeof weighted) =>
  fc
    .array(fc.oneof(...kinds), { minLength: 1, maxLength: 40 })
    .map((sequence) => ({ sequence, toString: () => withLabels(sequence) }));
/** Half of them with messages that wait for room. */
const runs = fc.oneof(runsOf(...weighted), runsOf(...weighted, { weight: 4, arbitrary: deliver }));

/** What a run of the steps has done, as the sinks and the host see it. Every message is in exactly one count at every moment. */
async function story(rig: TestRouter, sequence: readonly Step[]): Promise<unknown> {
  let n = 0;
  const metrics: unknown[] = [];
  const told: unknown[] = [];
  for (const each of sequence) {
    await each.run(rig, () => n++, told);
    rig.checkConserved();
    metrics.push(rig.router.metrics());
  }
  const report = await rig.stop({ deadlineMs: 500 });
  expect(report.conserved).toBe(true);
  expect(report.elapsedMs).toBeLessThanOrEqual(650);
  for (const channel of Object.values(report.channels)) {
    const { backAtOrigin, returnedMessages, unsettledMessages } = channel;
    expect([channel.buffered, channel.returned]).toEqual([0, returnedMessages.length + backAtOrigin.returned]);
    expect(channel.inFlight).toBe(unsettledMessages.length + backAtOrigin.unsettled);
  }
  const calls = NAMES.map((name) =>
    rig.sink(name).calls.map(({ at, attempt, trigger, ageMs, batch, outcome }) => ({
      at,
      attempt,
      trigger,
      ageMs,
      batch,
      outcome,
    })),
  );
  await rig.clock.settle();
  expect(rig.clock.pending).toBe(0);
  return { metrics, report, calls, told };
}

// What goes well while nobody listens is settled on a path of its own.
test('whatever happens, every message is accounted for and in order, and nothing depends on whether somebody listens', async () => {
  let flushes = 0;
  const broken = new Set<string>();
  await fc.assert(
    fc.asyncProperty(runs, settings, async ({ sequence }, limits) => {
      const [alone, heard] = [await rigFor(limits), await rigFor(limits)];
      // The test kit's own listener too.
      partsOf(alone.router).services.bus.emitter.all.clear();
      heard.router.events.on('*', (type) => {
        flushes += type === 'batch.flushed' ? 1 : 0;
        if (!heard.router.metrics().conserved) broken.add(String(type));
      });
      const first = await story(alone, sequence);
      expect(await story(heard, sequence)).toEqual(first);
      // `conflate` puts a newer message in the place of an older one, and a `route` that drops passes what waits for room.
      const passes = limits.overflow !== 'reject' && sequence.some(({ label }) => label.startsWith('deliver'));
      if (limits.overflow === 'conflate' || passes) return;
      for (const channel of NAMES) {
        for (const [symbol, order] of firstOffers(heard, channel))
          expect(order, `${channel} ${symbol}`).toEqual(order.toSorted((a, b) => a - b));
      }
    }),
    { numRuns: 150 },
  );
  expect(flushes).toBeGreaterThan(100);
  expect([...broken]).toEqual([]);
}, 60_000);
