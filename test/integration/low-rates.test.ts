import { expect, it, vi } from 'vitest';
import { WaitingOffers } from '../../src/channel/waiting-offers.ts';
import { createSimulatedClock, createTestRouter, message } from '../../src/testing/index.ts';

const MESSAGES = 1_000;

/** What came of it: transitions, timers that were set, and looks at partitions: nothing else asks how many offers wait. */
async function countsOf(channel: object, everyMs: number) {
  const clock = createSimulatedClock();
  let transitions = 0;
  const inspect = ({ type }: { readonly type: string }): void => {
    if (type === '@xstate.microstep') transitions += 1;
  };
  const rig = await createTestRouter({ sinks: { tick: channel }, clock, inspect });
  const timers = vi.spyOn(clock, 'setTimeout');
  const looks = vi.spyOn(WaitingOffers.prototype, 'waiting', 'get');
  transitions = 0;
  for (let n = 0; n < MESSAGES; n += 1) {
    rig.router.route(message('tick', n));
    await clock.advance(everyMs);
  }
  const counts = { transitions, timers: timers.mock.calls.length, looks: looks.mock.calls.length };
  looks.mockRestore();
  expect(rig.sink('tick').delivered).toHaveLength(MESSAGES);
  return counts;
}

const single = { batchSize: 1, priority: 1 };
const batched = { batchSize: 100, timeoutMs: 20, priority: 2 };

/**
 * Counts, not times: what 1,000 messages may cost that come one by one. A transition takes tens of microseconds, a timer
 * and a look a few each. All three are the same on every machine.
 */
const budgets = [
  { what: 'priority 1, 200 a second', channel: single, everyMs: 5, transitions: 3, timers: 60, looks: 0 },
  { what: 'priority 1, ten a second', channel: single, everyMs: 100, transitions: 3, timers: 155, looks: 0 },
  { what: 'priority 1, one a second', channel: single, everyMs: 1_000, transitions: 3, timers: 1_420, looks: 0 },
  { what: 'batches by age, 200 a second', channel: batched, everyMs: 5, transitions: 750, timers: 260, looks: 0 },
  { what: 'batches by age, ten a second', channel: batched, everyMs: 100, transitions: 3_000, timers: 1_105, looks: 0 },
];

it.each(budgets)(
  'R11.1 $what: 1,000 messages cause at most $transitions transitions, $timers timers and $looks looks',
  async ({ channel, everyMs, transitions, timers, looks }) => {
    const counts = await countsOf(channel, everyMs);
    expect(counts.transitions).toBeLessThanOrEqual(transitions);
    expect(counts.timers).toBeLessThanOrEqual(timers);
    expect(counts.looks).toBeLessThanOrEqual(looks);
  },
);

it('a breaker that opens has its 200 partitions looked at a few times, not each of them at each transition', async () => {
  const breaker = { minimumCalls: 1, window: { count: 1 } };
  const tick = { ...single, partitions: 200, partitionBy: 'round-robin', breaker } as const;
  const rig = await createTestRouter({ sinks: { tick } });
  rig.sink('tick').otherwise = () => {
    throw new Error('down');
  };
  const looks = vi.spyOn(WaitingOffers.prototype, 'waiting', 'get');
  for (let n = 0; n < 400; n += 1) rig.router.route(message('tick', n));
  await rig.advance(10);
  const looked = looks.mock.calls.length;
  looks.mockRestore();
  expect(rig.router.explain('tick').state).toBe('tripped');
  expect(looked).toBeGreaterThan(0);
  expect(looked).toBeLessThanOrEqual(5 * 200);
});
