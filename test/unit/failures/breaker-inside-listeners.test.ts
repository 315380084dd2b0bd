import { describe, expect, it } from 'vitest';
import { Breaker } from '../../../src/core/breaker.ts';
import type { BreakerChange } from '../../../src/core/breaker-change.ts';
import { createTestRouter, hang, messages, succeed } from '../../../src/testing/index.ts';
import { numbers } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

const limits = {
  window: { count: 4 },
  minimumCalls: 2,
  failureRate: 0.5,
  slowCallMs: 1_000,
  slowCallRate: 1,
  coolDownMs: 100,
  coolDownMsMax: 100,
  probes: 1,
  observeOnly: false,
};

it('every listener of a breaker hears of the changes in the order they were made, also of those made inside a listener', () => {
  const breaker = new Breaker(limits, { now: () => 0 }, () => 1);
  const heard: BreakerChange['to'][][] = [[], []];
  breaker.join({
    callers: [],
    breakerChanged({ to }) {
      heard[0]?.push(to);
      if (to === 'open') breaker.reset();
    },
  });
  breaker.join({ callers: [], breakerChanged: ({ to }) => heard[1]?.push(to) });
  breaker.trip();
  expect(heard).toEqual([
    ['open', 'closed'],
    ['open', 'closed'],
  ]);
});

describe('a breaker that is reset inside a listener of its opening', () => {
  it.each([
    ['another partition', { ohlcv: { partitions: 2, breaker: limits } }],
    [
      'another channel',
      { ohlcv: { breaker: { ...limits, shared: 'sink' } }, fmv: { breaker: { ...limits, shared: 'sink' } } },
    ],
  ])('leaves no trace: %s is as it was', async (_, channels) => {
    const rig = await createTestRouter({ sinks: channels });
    rig.router.events.on('channel.entered', ({ to }) => {
      if (to === 'tripped') rig.router.reset('ohlcv');
    });
    rig.router.trip('ohlcv');
    await rig.clock.settle();
    for (const name of rig.router.channels.keys()) {
      expect(rig.metrics(name).breaker?.state).toBe('closed');
      expect(rig.router.explain(name).state).toBe('idle');
    }
    expect(await deliveredAfter(rig, 'ohlcv', 1_000, messages('ohlcv', 3))).toEqual(numbers(3));
  });
});

it('a listener of `breaker.opened` that restarts its channel leaves no timer of the life that ended', async () => {
  const breaker = { slowCallMs: 200, coolDownMs: 30_000, shared: 'sink' };
  const rig = await createTestRouter({ sinks: { ohlcv: { breaker }, tick: { breaker } } });
  rig.sink('ohlcv').otherwise = hang();
  rig.router.trip('ohlcv', { coolDownMs: 100 });
  await routeAndAdvance(rig, messages('ohlcv', 1), 150);
  expect([rig.metrics('ohlcv').inFlight, rig.metrics('tick').state]).toEqual([1, 'probing']);
  rig.router.events.on('breaker.opened', ({ channel }) => rig.router.restart(channel));
  // The probe of the other is too slow, which this one notices while it asks for its own.
  rig.clock.jump(200);
  rig.router.routeAll(messages('tick', 1));
  rig.sink('ohlcv').otherwise = succeed();
  const report = await rig.stop({ deadlineMs: 0 });
  expect(report.conserved).toBe(true);
  expect(rig.clock.pending).toBe(0);
});
