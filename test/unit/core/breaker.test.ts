import { describe, expect, test } from 'vitest';
import { Breaker } from '../../../src/core/breaker.ts';
import type { BreakerChange, BreakerLimits } from '../../../src/core/breaker-change.ts';
import { BreakerCallers } from '../../support/breaker-callers.ts';

const DEFAULTS: BreakerLimits = {
  window: { count: 20 },
  minimumCalls: 10,
  failureRate: 0.5,
  slowCallMs: 5_000,
  slowCallRate: 1,
  coolDownMs: 5_000,
  coolDownMsMax: 300_000,
  probes: 3,
  observeOnly: false,
};

function setUp(limits: Partial<BreakerLimits> = {}) {
  const clock = { time: 1_000_000, now: () => clock.time };
  const breaker = new Breaker({ ...DEFAULTS, ...limits }, clock, () => 1);
  const callers = new BreakerCallers(breaker, clock);
  const { changes } = callers;
  const start = () => callers.start();
  const succeed = (times = 1) => {
    for (let call = 0; call < times; call += 1) callers.succeed(start(), 1);
  };
  const fail = (times = 1) => {
    for (let call = 0; call < times; call += 1) callers.fail(start(), 1);
  };
  const coolDown = () => {
    clock.time = Math.max(clock.time, breaker.openUntil);
  };
  const passProbes = () => {
    coolDown();
    while (breaker.probe() && breaker.state === 'half-open') succeed();
  };
  return { breaker, callers, clock, changes, start, succeed, fail, coolDown, passProbes };
}

describe('half-open', () => {
  function halfOpen(limits: Partial<BreakerLimits> = {}) {
    const parts = setUp(limits);
    parts.breaker.trip();
    parts.coolDown();
    expect(parts.breaker.probe()).toBe(true);
    return parts;
  }

  test('one probe goes out at a time, and enough successes close it', () => {
    const { breaker, changes, succeed } = halfOpen();
    expect(breaker.probe()).toBe(false);
    succeed();
    expect([breaker.probe(), breaker.probe()]).toEqual([true, false]);
    succeed();
    expect(breaker.probe()).toBe(true);
    succeed();
    expect([breaker.state, breaker.probe()]).toEqual(['closed', true]);
    expect(changes.map(({ to, cause }) => `${to} ${cause}`)).toEqual([
      'open operator',
      'half-open cool-down',
      'closed probes-passed',
    ]);
  });

  test('a permit whose owner never started a call lapses', () => {
    const { breaker, clock } = halfOpen();
    clock.time += 4_999;
    expect(breaker.probe()).toBe(false);
    clock.time += 1;
    expect([breaker.probe(), breaker.state]).toEqual([true, 'half-open']);
  });

  test('a canceled probe gives its permit back', () => {
    const { breaker, callers, start } = halfOpen();
    callers.cancel(start());
    expect([breaker.probe(), breaker.state]).toEqual([true, 'half-open']);
  });
});

test('it is pristine only while closed with a window full of quick successes', () => {
  const { breaker, succeed, fail, passProbes } = setUp({ window: { count: 10 } });
  succeed(9);
  expect(breaker.isPristine).toBe(false);
  succeed();
  expect(breaker.isPristine).toBe(true);
  fail();
  succeed(9);
  expect(breaker.isPristine).toBe(false);
  succeed();
  expect(breaker.isPristine).toBe(true);
  breaker.trip();
  expect(breaker.isPristine).toBe(false);
  passProbes();
  expect([breaker.state, breaker.isPristine]).toEqual(['closed', false]);
});

test('a user that left hears nothing', () => {
  const { breaker, changes } = setUp();
  const heard: string[] = [];
  const user = { callers: [], breakerChanged: ({ to }: BreakerChange) => heard.push(to) };
  breaker.join(user);
  breaker.trip();
  breaker.leave(user);
  breaker.reset();
  expect([heard, changes.length]).toEqual([['open'], 2]);
});
