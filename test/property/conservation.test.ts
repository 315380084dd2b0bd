import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChannelInput, DrainReport } from '../../src/index.ts';
import { partsOf } from '../../src/router/router.ts';
import {
  createTestRouter,
  fail,
  failOnly,
  failWhen,
  hang,
  message,
  type Reaction,
  refuse,
  reject,
  slow,
  type TestMessage,
  type TestRouter,
} from '../../src/testing/index.ts';
import { Noted } from '../support/noted.ts';

const NAMES = ['tick', 'ohlcv'] as const;
const SYMBOLS = ['A', 'B', 'C'];

/** One message that was offered with an origin. */
interface Brought {
  readonly channels: readonly string[];
  readonly message: TestMessage;
  readonly origin: Noted;
  outcome: string;
}

/** A router under test, and what was brought to it. */
interface Run {
  readonly rig: TestRouter;
  readonly brought: Brought[];
  readonly controller: AbortController;
  next: number;
}

interface Step {
  readonly label: string;
  run(run: Run): unknown;
}

const reactions: Readonly<Record<string, Reaction<TestMessage>>> = {
  throwSync: fail(),
  reject: reject(),
  hang: hang(),
  slow: slow(30),
  late: slow(250),
  failSome: failOnly([0, 2]),
  notRetryable: refuse({ retryable: false }),
};

const step = (label: string, run: Step['run']): Step => ({ label, run });
const name = fc.constantFrom(...NAMES);
const many = fc.tuple(name, fc.integer({ min: 1, max: 25 }));

const bring = many.map(([channel, count]) =>
  step(`bring ${count} ${channel}`, (run) => {
    for (let left = count; left > 0; left -= 1) bringOne(run, channel);
  }),
);
const route = many.map(([channel, count]) =>
  step(`route ${count} ${channel}`, (run) => {
    for (let left = count; left > 0; left -= 1) run.rig.router.route(nextMessage(run, channel));
  }),
);
const advance = fc.integer({ min: 0, max: 1_500 }).map((ms) => step(`advance ${ms}`, ({ rig }) => rig.advance(ms)));
const operate = fc
  .tuple(fc.constantFrom('pause', 'resume', 'flush', 'restart'), name)
  .map(([verb, channel]) => step(`${verb} ${channel}`, ({ rig }) => rig.router[verb as 'pause'](channel)));
const failing = fc
  .tuple(name, fc.constantFrom(...Object.keys(reactions)), fc.integer({ min: 1, max: 6 }))
  .map(([channel, reaction, times]) =>
    step(`${channel} meets ${times} × ${reaction}`, ({ rig }) => {
      for (let left = times; left > 0; left -= 1) rig.sink(channel).script.push(reactions[reaction] ?? hang());
    }),
  );
const poison = name.map((channel) =>
  step(`${channel} is poisoned`, ({ rig }) => {
    rig.sink(channel).otherwise = failWhen(({ n }) => n % 13 === 3);
  }),
);
const unknown = fc.constant(step('route null', ({ rig }) => rig.router.route(null)));
const abort = fc.constant(step('abort', ({ controller }) => controller.abort()));

const settings = fc.record({
  overflow: fc.constantFrom('reject' as const, 'drop-oldest' as const, 'drop-newest' as const, 'conflate' as const),
  capacity: fc.integer({ min: 5, max: 40 }),
  batchSize: fc.integer({ min: 1, max: 5 }),
  partitions: fc.integer({ min: 1, max: 3 }),
  retry: fc.record({ attempts: fc.integer({ min: 1, max: 3 }) }),
  /** `touchy`: of the last few calls, and a slow one counts. */
  kind: fc.constantFrom('usual', 'touchy', 'off'),
  /** Of one data type: each message goes to both channels. */
  isShared: fc.boolean(),
});
type Settings = typeof settings extends fc.Arbitrary<infer Value> ? Value : never;

const breakers: Readonly<Record<string, ChannelInput['breaker']>> = {
  usual: {},
  touchy: { window: { count: 3 }, minimumCalls: 2, slowCallMs: 25 },
  off: false,
};

function channelsOf({ kind, isShared, ...limits }: Settings): Record<string, ChannelInput> {
  const channel = {
    ...limits,
    processTimeoutMs: 100,
    abandonAfterMs: 100,
    restart: { limit: 3, withinMs: 2_000 },
    breaker: breakers[kind],
  };
  const other = isShared ? { ...channel, batchSize: 3, capacity: 8, dataType: 'tick' } : channel;
  return { tick: channel, ohlcv: other };
}

const reload = settings.map((next) =>
  step(`reload ${JSON.stringify(next)}`, (run) => {
    // Who shares what stays: with another data type, what waits would go elsewhere.
    const channels = channelsOf({ ...next, isShared: isShared(run) });
    return run.rig.advanceUntil(run.rig.router.reconfigure({ channels }));
  }),
);

const weighted = [
  { weight: 8, arbitrary: route },
  { weight: 8, arbitrary: advance },
  { weight: 3, arbitrary: operate },
  { weight: 4, arbitrary: failing },
  { weight: 1, arbitrary: poison },
  { weight: 1, arbitrary: unknown },
];
const runsOf = (...kinds: typeof weighted) =>
  fc
    .array(fc.oneof(...kinds), { minLength: 1, maxLength: 40 })
    .map((sequence) => ({ sequence, toString: () => sequence.map(({ label }) => label).join(' · ') }));
/** Half of them with messages that wait for room, and with reloads. */
const runs = fc.oneof(
  runsOf(...weighted),
  runsOf(
    ...weighted,
    { weight: 10, arbitrary: bring },
    { weight: 2, arbitrary: reload },
    { weight: 1, arbitrary: abort },
  ),
);

function isShared({ rig }: Run): boolean {
  return rig.router.config.channels.ohlcv?.dataType === 'tick';
}

function nextMessage(run: Run, channel: string): TestMessage {
  run.next += 1;
  return message(isShared(run) ? 'tick' : channel, run.next, SYMBOLS[run.next % SYMBOLS.length]);
}

function bringOne(run: Run, channel: string): void {
  const { intake } = partsOf(run.rig.router);
  const each = nextMessage(run, channel);
  // Two sources, so that messages of one conflate those of the other.
  const channels = isShared(run) ? NAMES : [channel];
  const brought: Brought = { channels, message: each, origin: new Noted(run.next % 2), outcome: 'waits' };
  run.brought.push(brought);
  const answer = intake.offer(each, { signal: run.controller.signal }, brought.origin);
  if (!(answer instanceof Promise)) brought.outcome = answer.status;
  else
    void answer.then(
      ({ status }) => {
        brought.outcome = status;
      },
      () => {
        brought.outcome = 'aborted';
      },
    );
}

/**
 * What was accepted hears one thing at most, and `delivered` exactly if each of its channels has delivered it; what was not
 * accepted hears nothing, and no channel has it.
 */
function check({ brought, rig }: Run): void {
  const setsOf = (record: 'delivered' | 'offered') =>
    new Map(NAMES.map((each) => [each as string, new Set(rig.sink(each)[record])]));
  const [delivered, offered] = [setsOf('delivered'), setsOf('offered')];
  for (const { channels, message: each, origin, outcome } of brought) {
    const mayHear = outcome === 'accepted' ? 1 : 0;
    expect(origin.heard.length, `${outcome} ${JSON.stringify(each)} heard ${origin.heard}`).toBeLessThanOrEqual(
      mayHear,
    );
    const [how] = origin.heard;
    const isDelivered = channels.every((one) => delivered.get(one)?.has(each));
    if (how !== undefined) expect(isDelivered, `${JSON.stringify(each)} heard ${how}`).toBe(how === 'delivered');
    if (mayHear === 0) expect(channels.some((one) => offered.get(one)?.has(each))).toBe(false);
  }
}

/** Each symbol is handed over for the first time in the order of asking. */
function checkOrder({ rig }: Run): void {
  for (const channel of NAMES) {
    const { offered } = rig.sink(channel);
    for (const symbol of SYMBOLS) {
      const order = offered.filter(({ sym }) => sym === symbol).map(({ n }) => n);
      expect(order, `${channel} ${symbol}`).toEqual(order.toSorted((a, b) => a - b));
    }
  }
}

/** Each message is in one place: with the host, with its origin, or in a sink. */
function checkReport({ brought }: Run, { channels, conserved }: DrainReport): void {
  expect(conserved).toBe(true);
  const accepted = brought.filter(({ outcome }) => outcome === 'accepted');
  for (const { origin } of accepted) expect(origin.heard).toHaveLength(1);
  expect(brought.filter(({ outcome }) => outcome === 'waits')).toEqual([]);
  // What its origin has is not handed to the host as well.
  const toHost = new Set(
    Object.values(channels).flatMap((each) => [...each.returnedMessages, ...each.unsettledMessages]),
  );
  expect(accepted.filter((each) => toHost.has(each.message))).toEqual([]);
  for (const { backAtOrigin, buffered, inFlight, ...channel } of Object.values(channels)) {
    expect([buffered, channel.returned]).toEqual([0, channel.returnedMessages.length + backAtOrigin.returned]);
    expect(inFlight).toBe(channel.unsettledMessages.length + backAtOrigin.unsettled);
  }
}

/** What a run of the steps has done, as the sinks and the host see it. Every message is in exactly one count at every moment. */
async function story(rig: TestRouter, sequence: readonly Step[], deadlineMs: number) {
  const run: Run = { rig, brought: [], controller: new AbortController(), next: 0 };
  const metrics: unknown[] = [];
  for (const each of sequence) {
    await each.run(run);
    await rig.clock.settle();
    rig.checkConserved();
    check(run);
    metrics.push(rig.router.metrics());
  }
  const report = await rig.stop({ deadlineMs });
  expect(report.elapsedMs).toBeLessThanOrEqual(deadlineMs + 150);
  check(run);
  checkReport(run, report);
  const calls = NAMES.map((name) =>
    rig
      .sink(name)
      .calls.map(({ at, attempt, trigger, ageMs, batch, outcome }) => [at, attempt, trigger, ageMs, batch, outcome]),
  );
  // For the slowest call of a sink.
  await rig.clock.advance(250);
  expect(rig.clock.pending).toBe(0);
  const told = run.brought.map(({ origin, outcome }) => [origin.heard, outcome]);
  return { run, seen: { metrics, report, calls, told } };
}

// What goes well while nobody listens is settled on a path of its own.
test('whatever happens, every message is accounted for and in order, is settled or handed back once, and nothing depends on whether somebody listens', async () => {
  let flushes = 0;
  const broken = new Set<string>();
  const stops = fc.integer({ min: 0, max: 3_000 });
  const property = fc.asyncProperty(settings, runs, stops, async (first, { sequence }, ms) => {
    const [alone, heard] = [
      await createTestRouter({ sinks: channelsOf(first) }),
      await createTestRouter({ sinks: channelsOf(first) }),
    ];
    // The test kit's own listener too.
    partsOf(alone.router).services.bus.emitter.all.clear();
    heard.router.events.on('*', (type) => {
      flushes += type === 'batch.flushed' ? 1 : 0;
      if (!heard.router.metrics().conserved) broken.add(String(type));
    });
    const { seen } = await story(alone, sequence, ms);
    const { run, ...again } = await story(heard, sequence, ms);
    expect(again.seen).toEqual(seen);
    // `conflate` puts a newer message in the place of an older one, and a `route` that drops passes what waits for room.
    const labels = `${first.overflow} ${sequence.map(({ label }) => label).join()}`;
    const passes = labels.includes('bring') ? /drop|conflate/ : /conflate/;
    if (!passes.test(labels)) checkOrder(run);
  });
  await fc.assert(property, { numRuns: 150 });
  expect(flushes).toBeGreaterThan(100);
  expect([...broken]).toEqual([]);
}, 60_000);
