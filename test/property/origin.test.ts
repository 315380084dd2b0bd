import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Origin, type Settlement, supersede } from '../../src/core/origin.ts';
import type { ChannelInput } from '../../src/index.ts';
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

/** An origin that notes all it hears. */
class Noted implements Origin {
  readonly source: unknown;
  readonly heard: (Settlement | 'returned' | 'unsettled')[] = [];

  constructor(source: unknown) {
    this.source = source;
  }

  settled(how: Settlement): void {
    this.heard.push(how);
  }

  handedBack(how: 'returned' | 'unsettled'): void {
    this.heard.push(how);
  }
}

const endings = ['delivered', 'dead-lettered', 'dropped', 'returned', 'unsettled'] as const;

test('of messages that supersede one another, each origin hears one thing, and none of another source before the last', () => {
  const sources = fc.array(fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }), { minLength: 1 });
  fc.assert(
    fc.property(sources, fc.constantFrom(...endings), (list, ending) => {
      const origins = list.map((source) => (source === undefined ? undefined : new Noted(source)));
      let standing: Origin | undefined;
      for (const origin of origins) standing = standing === undefined ? origin : supersede(standing, origin);
      const last = origins.at(-1);
      for (const [index, origin] of origins.entries()) {
        const hasLater = origins.slice(index + 1).some((later) => later?.source === origin?.source);
        if (origin !== undefined) expect(origin.heard).toEqual(hasLater ? ['conflated'] : []);
      }
      expect(standing?.source).toBe(last?.source);
      if (ending === 'returned' || ending === 'unsettled') standing?.handedBack(ending);
      else standing?.settled(ending);
      const own = last?.heard;
      for (const origin of origins) expect(origin?.heard.length ?? 1).toBe(1);
      if (own !== undefined) expect(own).toEqual([ending]);
    }),
  );
});

const NAMES = ['tick', 'ohlcv'] as const;
const SYMBOLS = ['A', 'B', 'C'];

/** One message that was offered with an origin. */
interface Brought {
  readonly channel: string;
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
const abort = fc.constant(step('abort', ({ controller }) => controller.abort()));

const settings = fc.record({
  overflow: fc.constantFrom('reject' as const, 'drop-oldest' as const, 'drop-newest' as const, 'conflate' as const),
  capacity: fc.integer({ min: 5, max: 40 }),
  batchSize: fc.integer({ min: 1, max: 5 }),
  partitions: fc.integer({ min: 1, max: 3 }),
  retry: fc.record({ attempts: fc.integer({ min: 1, max: 3 }) }),
  isBreakerOff: fc.boolean(),
});
type Settings = typeof settings extends fc.Arbitrary<infer Value> ? Value : never;

function channelsOf({ isBreakerOff, ...limits }: Settings): Record<string, ChannelInput> {
  const channel = {
    ...limits,
    processTimeoutMs: 100,
    abandonAfterMs: 100,
    restart: { limit: 3, withinMs: 2_000 },
    ...(isBreakerOff && { breaker: false as const }),
  };
  return { tick: channel, ohlcv: channel };
}

const reload = settings.map((next) =>
  step(`reload ${JSON.stringify(next)}`, ({ rig }) =>
    rig.advanceUntil(rig.router.reconfigure({ channels: channelsOf(next) })),
  ),
);

const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: bring },
    { weight: 4, arbitrary: route },
    { weight: 6, arbitrary: advance },
    { weight: 3, arbitrary: operate },
    { weight: 4, arbitrary: failing },
    { weight: 1, arbitrary: poison },
    { weight: 2, arbitrary: reload },
    { weight: 1, arbitrary: abort },
  ),
  { minLength: 1, maxLength: 30 },
);

function nextMessage(run: Run, channel: string): TestMessage {
  run.next += 1;
  return message(channel, run.next, SYMBOLS[run.next % SYMBOLS.length]);
}

function bringOne(run: Run, channel: string): void {
  const { intake } = partsOf(run.rig.router);
  const each = nextMessage(run, channel);
  // Two sources, so that messages of one conflate those of the other.
  const brought: Brought = { channel, message: each, origin: new Noted(run.next % 2), outcome: 'waits' };
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

/** What was accepted hears one thing at most, and nothing before its sink has it; what was not accepted hears nothing. */
function check({ brought, rig }: Run): void {
  const delivered = new Map(NAMES.map((each) => [each as string, new Set(rig.sink(each).delivered)]));
  for (const { channel, message: each, origin, outcome } of brought) {
    const mayHear = outcome === 'accepted' ? 1 : 0;
    expect(origin.heard.length, `${outcome} ${JSON.stringify(each)} heard ${origin.heard}`).toBeLessThanOrEqual(
      mayHear,
    );
    const [how] = origin.heard;
    if (how === 'delivered') expect(delivered.get(channel)).toContain(each);
    if (how !== undefined && how !== 'delivered') expect(delivered.get(channel)).not.toContain(each);
  }
}

/** Each symbol is handed over for the first time in the order of asking; `conflate` may put a newer message before an older one. */
function checkOrder({ rig }: Run): void {
  for (const channel of NAMES) {
    const { offered } = rig.sink(channel);
    for (const symbol of SYMBOLS) {
      const order = offered.filter(({ sym }) => sym === symbol).map(({ n }) => n);
      expect(order, `${channel} ${symbol}`).toEqual(order.toSorted((a, b) => a - b));
    }
  }
}

test('each message with an origin is settled once or handed back once, whatever fails, restarts, reloads and stops', async () => {
  const property = fc.asyncProperty(
    settings,
    steps,
    fc.integer({ min: 0, max: 3_000 }),
    async (first, sequence, ms) => {
      const rig = await createTestRouter({ sinks: channelsOf(first) });
      const run: Run = { rig, brought: [], controller: new AbortController(), next: 0 };
      for (const each of sequence) {
        await each.run(run);
        check(run);
      }
      const { channels, conserved } = await rig.stop({ deadlineMs: ms });
      expect(conserved).toBe(true);
      check(run);
      const accepted = run.brought.filter(({ outcome }) => outcome === 'accepted');
      for (const { origin } of accepted) expect(origin.heard).toHaveLength(1);
      expect(run.brought.filter(({ outcome }) => outcome === 'waits')).toEqual([]);
      // What its origin has is not handed to the host as well.
      const toHost = new Set(
        Object.values(channels).flatMap((each) => [...each.returnedMessages, ...each.unsettledMessages]),
      );
      expect(accepted.filter((each) => toHost.has(each.message))).toEqual([]);
      const conflates = first.overflow === 'conflate' || sequence.some(({ label }) => label.includes('conflate'));
      if (!conflates) checkOrder(run);
    },
  );
  await fc.assert(property, { numRuns: 60 });
}, 60_000);
