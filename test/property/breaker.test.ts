import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Breaker } from '../../src/core/breaker.ts';
import type { BreakerChange, BreakerLimits } from '../../src/core/breaker-change.ts';
import { BreakerCallers, type CallOut } from '../support/breaker-callers.ts';

const limits: fc.Arbitrary<BreakerLimits> = fc.record({
  window: fc.oneof(
    fc.record({ count: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ ms: fc.integer({ min: 100, max: 60_000 }) }),
  ),
  minimumCalls: fc.integer({ min: 2, max: 10 }),
  failureRate: fc.double({ min: 0.1, max: 1, noNaN: true }),
  slowCallMs: fc.integer({ min: 10, max: 5_000 }),
  slowCallRate: fc.double({ min: 0.1, max: 1, noNaN: true }),
  coolDownMs: fc.integer({ min: 0, max: 10_000 }),
  coolDownMsMax: fc.integer({ min: 1, max: 100_000 }),
  probes: fc.integer({ min: 1, max: 5 }),
  observeOnly: fc.boolean(),
});

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('start', 'probe', 'check') }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constantFrom('succeed', 'fail', 'cancel'),
        call: fc.nat(5),
        durationMs: fc.oneof(fc.constant(1), fc.nat(10_000)),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.nat(20_000) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('trip', 'reset', 'limits') }) },
  ),
  { maxLength: 150, size: 'max' },
);

function world(given: BreakerLimits, seed: number) {
  const clock = { time: 0, now: () => clock.time };
  const breaker = new Breaker(given, clock, () => seed);
  const callers = new BreakerCallers(breaker, clock);
  const out: CallOut[] = [];
  const act = (step: Partial<{ do: string; call: number; durationMs: number; ms: number }>) => {
    const caller = step.call === undefined ? undefined : out.splice(step.call, 1)[0];
    if (step.do === 'start') out.push(callers.start());
    if (step.do === 'probe') breaker.probe();
    if (step.do === 'check') breaker.checkInFlight();
    if (step.do === 'wait') clock.time += step.ms ?? 0;
    if (step.do === 'trip') breaker.trip();
    if (step.do === 'reset') breaker.reset();
    if (step.do === 'limits') breaker.reconfigure({ ...given });
    if (caller === undefined) return;
    if (step.do === 'succeed') callers.succeed(caller, step.durationMs ?? 0);
    if (step.do === 'fail') callers.fail(caller, step.durationMs ?? 0);
    if (step.do === 'cancel') callers.cancel(caller);
  };
  return { clock, breaker, callers, act };
}

const chance = fc.double({ min: 0, max: 0.999, noNaN: true });

test('it changes only along allowed ways, each a new epoch, and an open one stays so until its time', () => {
  const allowed = ['closed>open', 'open>open', 'open>half-open', 'half-open>open', 'half-open>closed', 'open>closed'];
  fc.assert(
    fc.property(limits, chance, steps, (given, seed, sequence) => {
      const { clock, breaker, act } = world(given, seed);
      let epoch = 0;
      let openUntil = 0;
      const changed = ({ from, to, cause }: BreakerChange) => {
        expect(allowed).toContain(`${from}>${to}`);
        expect(breaker.epoch).toBe(epoch + 1);
        epoch = breaker.epoch;
        if (from === 'open' && cause !== 'operator') expect(clock.time).toBeGreaterThanOrEqual(openUntil);
        if (given.observeOnly && from === 'closed') expect(cause).toBe('operator');
        openUntil = breaker.openUntil;
        if (to === 'open') expect(breaker.coolDownLeftMs()).toBeLessThanOrEqual(given.coolDownMsMax);
      };
      breaker.join({ callers: [], breakerChanged: changed });
      for (const step of sequence) {
        act(step);
        const leftMs = breaker.state === 'open' ? Math.max(0, breaker.openUntil - clock.time) : 0;
        expect(breaker.coolDownLeftMs()).toBe(leftMs);
      }
      expect(breaker.epoch).toBe(epoch);
    }),
  );
});

test('whatever happened, a sink that works again closes it: nothing locks it', () => {
  fc.assert(
    fc.property(limits, chance, steps, (given, seed, sequence) => {
      const { clock, breaker, callers, act } = world(given, seed);
      for (const step of sequence) act(step);
      for (let round = 0; round < 3 * given.probes + 5 && breaker.state !== 'closed'; round += 1) {
        clock.time += Math.max(given.coolDownMsMax, given.slowCallMs);
        if (breaker.probe()) callers.succeed(callers.start(), 1);
      }
      expect(breaker.state).toBe('closed');
    }),
  );
});

test('an outcome from an earlier stay moves nothing', () => {
  fc.assert(
    fc.property(
      limits,
      chance,
      steps,
      fc.constantFrom('succeed', 'fail', 'cancel'),
      (given, seed, sequence, outcome) => {
        const { breaker, callers, act } = world(given, seed);
        const early = callers.start();
        breaker.trip();
        for (const step of sequence) act(step);
        const before = { state: breaker.state, epoch: breaker.epoch, rates: breaker.rates() };
        callers[outcome](early, 1);
        expect({ state: breaker.state, epoch: breaker.epoch, rates: breaker.rates() }).toEqual(before);
      },
    ),
  );
});

test('rates are shares of at least `minimumCalls` calls', () => {
  fc.assert(
    fc.property(limits, chance, steps, (given, seed, sequence) => {
      const { breaker, act } = world(given, seed);
      for (const step of sequence) {
        act(step);
        const { calls, failureRate, slowCallRate } = breaker.rates();
        expect([failureRate === null, slowCallRate === null]).toEqual(Array(2).fill(calls < given.minimumCalls));
        for (const rate of [failureRate, slowCallRate]) {
          expect(rate ?? 0).toBeGreaterThanOrEqual(0);
          expect(rate ?? 0).toBeLessThanOrEqual(1);
        }
      }
    }),
  );
});

test('it opens as soon as a rate reaches its limit; one that observes never does by itself, and says when it would', () => {
  fc.assert(
    fc.property(limits, chance, steps, (given, seed, sequence) => {
      const [observing, other] = [
        world({ ...given, observeOnly: true }, seed),
        world({ ...given, observeOnly: false }, seed),
      ];
      const beyond = (): string[] => {
        const { failureRate, slowCallRate } = observing.breaker.rates();
        const isSlow = (slowCallRate ?? -1) >= given.slowCallRate;
        const causes = (failureRate ?? -1) >= given.failureRate ? ['failure-rate'] : [];
        return isSlow ? [...causes, 'slow-call-rate'] : causes;
      };
      for (const step of sequence.filter((each) => each.do !== 'trip' && each.do !== 'limits')) {
        // Rates are looked at when a call fails or was slow.
        for (const look of [(each: typeof other) => each.act(step), failOne]) {
          look(observing);
          expect(observing.breaker).toMatchObject({ state: 'closed', opened: 0, wouldBeOpen: beyond().length > 0 });
          if (other.breaker.state === 'closed') look(other);
          const [change] = other.callers.changes;
          if (look === failOne || change !== undefined) expect(change === undefined).toBe(beyond().length === 0);
          if (change !== undefined) expect(beyond()).toContain(change.cause);
          if (change !== undefined) return;
        }
      }
    }),
  );
});

function failOne({ callers }: ReturnType<typeof world>): void {
  callers.fail(callers.start(), 1);
}

test('new limits hold from then on, and change neither state nor epoch nor what is remembered', () => {
  fc.assert(
    fc.property(limits, limits, chance, steps, (given, changed, seed, sequence) => {
      const { breaker, act } = world(given, seed);
      for (const step of sequence) act(step);
      const { state, epoch, opened } = breaker;
      const { calls } = breaker.rates();
      breaker.reconfigure({
        ...changed,
        window: given.window,
        slowCallMs: given.slowCallMs,
        observeOnly: given.observeOnly,
      });
      expect(breaker.limits).toMatchObject({ minimumCalls: changed.minimumCalls, probes: changed.probes });
      expect(breaker).toMatchObject({ state, epoch, opened });
      expect(breaker.rates().calls).toBe(calls);
    }),
  );
});

const coolDowns = fc.record({
  coolDownMs: fc.integer({ min: 1, max: 100_000 }),
  coolDownMsMax: fc.integer({ min: 1, max: 1_000_000 }),
});

function coolDownWorld(given: Pick<BreakerLimits, 'coolDownMs' | 'coolDownMsMax'>, random: () => number) {
  const clock = { time: 0, now: () => clock.time };
  const rest = { window: { count: 5 }, minimumCalls: 2, failureRate: 1, slowCallRate: 1, observeOnly: false };
  const breaker = new Breaker({ ...rest, ...given, slowCallMs: 1_000, probes: 1 }, clock, random);
  const trip = (): number => {
    breaker.trip();
    return breaker.openUntil - clock.time;
  };
  return { breaker, callers: new BreakerCallers(breaker, clock), clock, trip };
}

test('the n-th cool-down in a row lasts between half and all of coolDownMs·2^(n−1), up to the limit', () => {
  fc.assert(
    fc.property(coolDowns, fc.array(chance, { minLength: 1, maxLength: 100 }), (given, chances) => {
      const left = [...chances];
      const { trip } = coolDownWorld(given, () => left.shift() ?? 0);
      chances.forEach((_, before) => {
        const ceilingMs = Math.min(given.coolDownMsMax, given.coolDownMs * 2 ** before);
        const ms = trip();
        expect(ms).toBeGreaterThanOrEqual(ceilingMs / 2);
        expect(ms).toBeLessThanOrEqual(ceilingMs);
      });
    }),
  );
});

test('only a breaker that was closed for as long as the last cool-down, or was reset, begins with the first one again', () => {
  fc.assert(
    fc.property(coolDowns, fc.integer({ min: 1, max: 20 }), fc.nat(99), (given, inRow, percent) => {
      const after = (end: 'closed' | 'closed briefly' | 'reset' | 'still open'): number => {
        const { breaker, callers, clock, trip } = coolDownWorld(given, () => 1);
        let lastMs = 0;
        for (let n = 0; n < inRow; n += 1) lastMs = trip();
        if (end === 'reset') breaker.reset();
        if (end === 'closed' || end === 'closed briefly') {
          clock.time += lastMs;
          expect(breaker.probe()).toBe(true);
          callers.succeed(callers.start(), 0);
          expect(breaker.state).toBe('closed');
          clock.time += end === 'closed' ? lastMs : Math.floor((lastMs * percent) / 100);
        }
        return trip();
      };
      const first = Math.min(given.coolDownMsMax, given.coolDownMs);
      const next = Math.min(given.coolDownMsMax, given.coolDownMs * 2 ** inRow);
      expect(after('closed')).toBe(first);
      expect(after('reset')).toBe(first);
      expect(after('closed briefly')).toBe(next);
      expect(after('still open')).toBe(next);
    }),
  );
});
