import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinOrigin, type Origin, type Settlement, supersede } from '../../src/core/origin.ts';
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

test('an origin of several channels hears the worst that became of the message, once, and not before the last has spoken', () => {
  // From the best to the worst.
  const ranked = ['delivered', 'conflated', 'dropped', 'dead-lettered', 'returned', 'unsettled'] as const;
  const fates = fc.array(fc.constantFrom(...ranked), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fates, (list) => {
      const origin = new Noted('a source');
      const joined = joinOrigin(origin, list.length);
      for (const fate of list) {
        expect(origin.heard).toEqual([]);
        if (fate === 'returned' || fate === 'unsettled') joined.handedBack(fate);
        else joined.settled(fate);
      }
      expect(joined.source).toBe(origin.source);
      expect(origin.heard).toEqual([ranked.findLast((fate) => list.includes(fate))]);
    }),
  );
});

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
const abort = fc.constant(step('abort', ({ controller }) => controller.abort()));

const settings = fc.record({
  overflow: fc.constantFrom('reject' as const, 'drop-oldest' as const, 'drop-newest' as const, 'conflate' as const),
  capacity: fc.integer({ min: 5, max: 40 }),
  batchSize: fc.integer({ min: 1, max: 5 }),
  partitions: fc.integer({ min: 1, max: 3 }),
  retry: fc.record({ attempts: fc.integer({ min: 1, max: 3 }) }),
  isBreakerOff: fc.boolean(),
  /** Of one data type: each message goes to both channels. */
  isShared: fc.boolean(),
});
type Settings = typeof settings extends fc.Arbitrary<infer Value> ? Value : never;

function channelsOf({ isBreakerOff, isShared, ...limits }: Settings): Record<string, ChannelInput> {
  const channel = {
    ...limits,
    processTimeoutMs: 100,
    abandonAfterMs: 100,
    restart: { limit: 3, withinMs: 2_000 },
    ...(isBreakerOff && { breaker: false as const }),
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
        await rig.clock.settle();
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
      // A `route` that drops or conflates passes offers that wait for room.
      const isSelective = /drop|conflate/.test(`${first.overflow} ${sequence.map(({ label }) => label).join()}`);
      if (!isSelective) checkOrder(run);
    },
  );
  await fc.assert(property, { numRuns: 60 });
}, 60_000);
