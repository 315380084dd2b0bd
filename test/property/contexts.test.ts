import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { Mailbox } from '../../src/core/mailbox.ts';
import { type BatchContext, createRandom, createRouter, ProcessingChannel } from '../../src/index.ts';
import { message, type TestMessage } from '../../src/testing/index.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';

const FATES = ['at once', 'soon', 'slowly', 'routes', 'throws', 'rejects', 'hangs', 'too late'] as const;

/** What becomes of a batch the first time; afterwards it succeeds. */
type Fate = (typeof FATES)[number];

type Step =
  | { readonly route: number }
  | { readonly advance: number }
  | { readonly restart: true }
  | { readonly rule: number };

interface Plan {
  readonly batchSize: number;
  readonly overflow: 'reject' | 'drop-oldest';
  readonly breaker: false | { readonly minimumCalls?: number; readonly window?: { readonly count: number } };
  readonly steps: readonly Step[];
  /** By message number, in turn. */
  readonly fates: readonly Fate[];
}

const fate = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('at once' as const, 'soon' as const, 'routes' as const) },
  { weight: 2, arbitrary: fc.constantFrom(...FATES) },
);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ route: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 6, arbitrary: fc.record({ advance: fc.integer({ min: 0, max: 300 }) }) },
  { weight: 1, arbitrary: fc.constant({ restart: true as const }) },
  { weight: 1, arbitrary: fc.record({ rule: fc.integer({ min: 2, max: 9 }) }) },
);
const plans: fc.Arbitrary<Plan> = fc.record({
  batchSize: fc.integer({ min: 1, max: 4 }),
  overflow: fc.constantFrom('reject', 'drop-oldest'),
  breaker: fc.constantFrom({}, false as const),
  steps: fc.array(step, { minLength: 1, maxLength: 25 }),
  fates: fc.array(fate, { minLength: 1, maxLength: 60 }),
});

type Context = BatchContext<number, { readonly rule: number }>;

/** What a context says of its call, whenever it is asked. */
function said({ attempt, gaps, rules, signal, trigger }: Context): object {
  return { attempt, trigger, rules, isAborted: signal.aborted, gaps: gaps.map(({ from, to }) => [from, to]) };
}

/** Plays a plan; `looks`: each call asks its context at once, and somebody listens to every fact. */
async function play(plan: Plan, looks: boolean, whenTripped: 'hold' | 'reject' = 'hold') {
  let n = 0;
  const clock = createSimulatedClock();
  const handed: object[] = [];
  const contexts: Context[] = [];
  const met = new Set<number>();
  const soon = (ms: number, then: () => void): void => void clock.setTimeout(then, ms);
  const reactions: Readonly<Record<Fate, () => void | Promise<void>>> = {
    'at once': () => {},
    soon: () => Promise.resolve(),
    slowly: () => new Promise((resolve) => soon(20, resolve)),
    // So many, or it would never end.
    routes: () => void (n < 300 && router.route(message('tick', n++))),
    throws: () => {
      throw new Error('thrown');
    },
    rejects: () => Promise.reject(new Error('rejected')),
    hangs: () => new Promise(() => {}),
    'too late': () => new Promise((resolve) => soon(70, resolve)),
  };
  class Sink extends ProcessingChannel<TestMessage, number, { readonly rule: number }> {
    override process(batch: readonly TestMessage[], context: Context): void | Promise<void> {
      handed.push([clock.now(), batch.map(({ n }) => n), this.batch.length]);
      contexts.push(context);
      if (looks) said(context);
      const first = batch[0]?.n ?? 0;
      if (met.has(first)) return;
      met.add(first);
      return reactions[plan.fates[first % plan.fates.length] ?? 'at once']();
    }
  }
  const limits = { capacity: 20, processTimeoutMs: 50, abandonAfterMs: 40, retry: { attempts: 3, delayMs: 10 } };
  const { batchSize, breaker, overflow } = plan;
  const tick = { ...limits, batchSize, breaker, overflow, whenTripped };
  const config = (rule: number) => ({ channels: { tick: { ...tick, eventRules: { rule } } } }) as const;
  const router = createRouter({
    config: config(1),
    channels: { tick: () => new Sink() },
    clock,
    random: createRandom(1),
  });
  if (looks) router.events.on('*', () => {});
  const started = router.start();
  await clock.settle();
  await started;
  for (const each of plan.steps) {
    if ('route' in each) for (let left = each.route; left > 0; left -= 1) router.route(message('tick', n++));
    else if ('advance' in each) await clock.advance(each.advance);
    else if ('restart' in each) router.restart('tick');
    else {
      const reload = router.reconfigure(config(each.rule));
      await clock.advance(200);
      await reload;
    }
  }
  await clock.advance(5_000);
  const told = contexts.map(said);
  const again = contexts.map(said);
  const { late, ...metrics } = router.metrics().channels.tick ?? { late: 0, inFlight: 0 };
  for (const context of contexts) {
    context.emit(1);
    context.fail(0, new Error('too late'));
  }
  const tooLate = (router.metrics().channels.tick?.late ?? 0) - late;
  const out = metrics.inFlight === 0 ? 0 : 1;
  const stopped = router.stop();
  await clock.advance(10_000);
  await stopped;
  return { handed, told, again, late, metrics, tooLate, out };
}

test('a call comes to the same whether anybody asks its context or listens or not, and a context is always that of its own call', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const seeing = await play(plan, true);
      const blind = await play(plan, false);
      expect(blind).toEqual(seeing);
      expect(blind.again).toEqual(blind.told);
      expect(blind.tooLate).toBe(2 * (blind.told.length - blind.out));
    }),
    { numRuns: 150 },
  );
});

test('R10.1 a message that is delivered at once fares as one that stays in the mailbox first', async () => {
  const push = vi.spyOn(Mailbox.prototype, 'push');
  let atOnce = 0;
  const property = fc.asyncProperty(plans, fc.boolean(), async (one, looks) => {
    const plan = { ...one, batchSize: 1, breaker: one.breaker && { minimumCalls: 1_000, window: { count: 1_000 } } };
    const usual = await play(plan, looks);
    const pushed = push.mock.calls.length;
    // Where an open breaker refuses messages, the door checks each of them, and none goes without a stay in the mailbox.
    expect(usual).toEqual(await play(plan, looks, 'reject'));
    atOnce += push.mock.calls.length - 2 * pushed;
    push.mockClear();
  });
  await fc.assert(property, { numRuns: 400 });
  expect(atOnce).toBeGreaterThan(50);
});
