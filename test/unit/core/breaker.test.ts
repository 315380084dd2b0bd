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

describe('closed', () => {
  test('one failure alone does not open it, nor do fewer calls than the minimum', () => {
    const { breaker, fail } = setUp();
    fail(9);
    expect([breaker.state, breaker.rates()]).toEqual(['closed', { calls: 9, failureRate: null, slowCallRate: null }]);
    fail();
    expect(breaker.state).toBe('open');
  });

  test('it opens at the failure rate, not only above it', () => {
    const { breaker, changes, succeed, fail } = setUp();
    succeed(10);
    fail(9);
    expect(breaker.state).toBe('closed');
    fail();
    expect(changes).toEqual([
      { from: 'closed', to: 'open', cause: 'failure-rate', rates: { calls: 20, failureRate: 0.5, slowCallRate: 0 } },
    ]);
  });

  test('slow calls open it although they succeed', () => {
    const { callers, changes, start } = setUp({ slowCallRate: 0.5 });
    for (let call = 0; call < 10; call += 1) callers.succeed(start(), call < 5 ? 1 : 5_000);
    expect(changes.map(({ cause }) => cause)).toEqual(['slow-call-rate']);
  });

  test('after an idle hour old failures do not count', () => {
    const { breaker, clock, fail } = setUp({ window: { ms: 10_000 } });
    fail(9);
    clock.time += 3_600_000;
    expect(breaker.rates().calls).toBe(0);
    fail();
    expect(breaker.state).toBe('closed');
  });

  test('a sink that hangs is noticed before any call ends', () => {
    const { breaker, clock, changes, start } = setUp();
    for (let call = 0; call < 20; call += 1) start();
    clock.time += 4_999;
    breaker.checkInFlight();
    expect(breaker.state).toBe('closed');
    clock.time += 1;
    breaker.checkInFlight();
    expect(changes.map(({ cause }) => cause)).toEqual(['slow-call-rate']);
  });

  test('a canceled call counts as nothing', () => {
    const { breaker, callers, start } = setUp();
    for (let call = 0; call < 20; call += 1) callers.cancel(start());
    expect(breaker.rates().calls).toBe(0);
  });

  test('an outcome that is told twice counts once', () => {
    const { breaker, callers, start } = setUp();
    const caller = start();
    callers.fail(caller, 10_000);
    callers.succeed(caller, 12_000);
    expect(breaker.rates().calls).toBe(1);
  });
});

describe('open', () => {
  test('a late success does not close it, a late failure does not prolong it', () => {
    const { breaker, callers, fail, start } = setUp();
    const [early, other] = [start(), start()];
    fail(10);
    const { epoch, openUntil } = breaker;
    callers.succeed(early, 1);
    callers.fail(other, 1);
    expect([breaker.state, breaker.epoch, breaker.openUntil]).toEqual(['open', epoch, openUntil]);
  });

  test('it lets nothing out before the cool-down is over', () => {
    const { breaker, clock, fail } = setUp();
    fail(10);
    clock.time += 4_999;
    expect([breaker.probe(), breaker.coolDownLeftMs(), breaker.state]).toEqual([false, 1, 'open']);
    clock.time += 1;
    expect([breaker.probe(), breaker.coolDownLeftMs(), breaker.state]).toEqual([true, 0, 'half-open']);
  });

  test('each failed probe doubles the cool-down, up to the limit', () => {
    const { breaker, coolDown, fail } = setUp({ coolDownMsMax: 18_000 });
    fail(10);
    const coolDowns = [breaker.coolDownLeftMs()];
    for (let round = 0; round < 3; round += 1) {
      coolDown();
      breaker.probe();
      fail();
      coolDowns.push(breaker.coolDownLeftMs());
    }
    expect(coolDowns).toEqual([5_000, 10_000, 18_000, 18_000]);
  });

  test('the cool-down grows on after a short recovery and starts anew after a long one', () => {
    const { breaker, clock, fail, passProbes } = setUp();
    fail(10);
    passProbes();
    clock.time += 4_999;
    fail(10);
    expect(breaker.coolDownLeftMs()).toBe(10_000);
    passProbes();
    clock.time += 10_000;
    fail(10);
    expect(breaker.coolDownLeftMs()).toBe(5_000);
  });

  test('chance shortens the cool-down to no less than the half', () => {
    const clock = { now: () => 0 };
    const breaker = new Breaker(DEFAULTS, clock, () => 0);
    breaker.trip();
    expect(breaker.coolDownLeftMs()).toBe(2_500);
  });
});

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

  test('one failed probe opens it again', () => {
    const { breaker, succeed, fail } = halfOpen();
    succeed(2);
    fail();
    expect([breaker.state, breaker.opened]).toEqual(['open', 2]);
  });

  test('a late failure does not open it again', () => {
    const { breaker, callers, clock, fail, start } = setUp();
    const early = start();
    fail(10);
    clock.time = breaker.openUntil;
    breaker.probe();
    callers.fail(early, 6_000);
    expect(breaker.state).toBe('half-open');
  });

  test('a probe that hangs counts as failed, and does not lock it', () => {
    const { breaker, callers, clock, coolDown, succeed, start } = halfOpen();
    const hung = start();
    clock.time += 4_999;
    expect([breaker.probe(), breaker.state]).toEqual([false, 'half-open']);
    clock.time += 1;
    breaker.checkInFlight();
    expect(breaker.state).toBe('open');
    coolDown();
    expect(breaker.probe()).toBe(true);
    callers.succeed(hung, 20_000);
    expect(breaker.state).toBe('half-open');
    for (let probe = 0; probe < 3; probe += 1) succeed();
    expect(breaker.state).toBe('closed');
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

  test('a probe that takes too long has failed although it succeeds', () => {
    const { breaker, callers, start } = halfOpen();
    callers.succeed(start(), 5_000);
    expect(breaker.state).toBe('open');
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

test('after closing by probes the failures before do not count', () => {
  const { breaker, fail, passProbes } = setUp();
  fail(10);
  passProbes();
  fail(9);
  expect(breaker.state).toBe('closed');
});

test('observing only, it never opens by itself, shows that it would, and obeys the operator', () => {
  const { breaker, fail } = setUp({ observeOnly: true });
  fail(9);
  expect(breaker.wouldBeOpen).toBe(false);
  fail();
  expect([breaker.state, breaker.wouldBeOpen]).toEqual(['closed', true]);
  breaker.trip();
  expect(breaker.state).toBe('open');
});

test('an operator may open it for a given time, or until it is reset', () => {
  const { breaker, clock, fail } = setUp();
  breaker.trip(60_000);
  expect(breaker.coolDownLeftMs()).toBe(60_000);
  breaker.trip(Number.POSITIVE_INFINITY);
  clock.time += 1e12;
  expect(breaker.probe()).toBe(false);
  breaker.reset();
  expect([breaker.state, breaker.rates().calls]).toEqual(['closed', 0]);
  fail(10);
  expect(breaker.coolDownLeftMs()).toBe(5_000);
});

test('a reset of a closed breaker forgets the history and disturbs no call', () => {
  const { breaker, callers, changes, fail, start } = setUp();
  const caller = start();
  fail(9);
  breaker.reset();
  callers.succeed(caller, 1);
  expect([breaker.rates().calls, changes]).toEqual([1, []]);
});

test('new limits keep state and history', () => {
  const { breaker, fail } = setUp();
  fail(8);
  breaker.reconfigure({ ...DEFAULTS, window: { ms: 60_000 }, minimumCalls: 9 });
  expect([breaker.state, breaker.rates().calls]).toEqual(['closed', 8]);
  fail();
  expect(breaker.state).toBe('open');
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
