import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPatientTimers, WAIT_MS_MAX } from '../../src/core/patient-timers.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';

describe('patient timers', () => {
  it('call once, not before they are due, and after what came due in the same blocked stretch', async () => {
    const waits = fc.integer({ min: 1, max: 1_000 });
    await fc.assert(
      fc.asyncProperty(waits, waits, fc.boolean(), async (waitMs, blockedMs, isBehind) => {
        const clock = createSimulatedClock();
        const timers = createPatientTimers(clock, clock);
        const calls: unknown[] = [];
        const block = (): void => {
          clock.jump(blockedMs);
          clock.setImmediate(() => calls.push('answer'));
        };
        // Behind one of the same millisecond that blocks.
        if (isBehind) timers.setTimeout(block, waitMs);
        timers.setTimeout(() => calls.push('deadline', clock.now() >= waitMs), waitMs);
        if (!isBehind) block();
        await clock.advance(waitMs + blockedMs + 2);
        const isLate = isBehind ? blockedMs >= 5 : blockedMs - waitMs >= 5 || blockedMs < waitMs;
        const inOrder = isLate ? ['answer', 'deadline', true] : ['deadline', true, 'answer'];
        expect(calls).toEqual(inOrder);
      }),
    );
  });

  it('call each in its time, although those of a millisecond share a timer, and some are cleared or throw', async () => {
    const waits = fc.array(fc.record({ ms: fc.double({ min: 1, max: 9, noNaN: true }), fate: fc.nat(2) }));
    await fc.assert(
      fc.asyncProperty(waits, async (all) => {
        const clock = createSimulatedClock();
        const timers = createPatientTimers(clock, clock);
        const lateBy: number[] = [];
        for (const { ms, fate } of all) {
          const handle = timers.setTimeout(() => {
            lateBy.push(clock.now() - ms);
            if (fate === 1) throw new Error('of the host');
          }, ms);
          if (fate === 2) timers.clearTimeout(handle);
        }
        for (const _ of all) await clock.advance(10).catch(() => {});
        expect([lateBy.length, clock.pending]).toEqual([all.filter(({ fate }) => fate < 2).length, 0]);
        const throwing = all.filter(({ fate }) => fate === 1).length;
        for (const late of lateBy) expect(late >= 0 && late <= 1 + throwing).toBe(true);
      }),
    );
  });

  it('of a host with a clock of its own end by that clock', async () => {
    const [host, clock] = [createSimulatedClock(), createSimulatedClock()];
    const timers = createPatientTimers(host, clock);
    const calls: number[] = [];
    for (const _ of [0, 50]) {
      timers.setTimeout(() => calls.push(host.now()), 100);
      await host.advance(50);
    }
    await host.advance(100);
    expect(calls).toEqual([100, 150]);
  });

  it('that are cleared never call, also in the turn that a late one gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 100 }), fc.boolean(), async (waitMs, isLate) => {
        const clock = createSimulatedClock();
        const timers = createPatientTimers(clock, clock);
        const handle = timers.setTimeout(() => expect.unreachable(), waitMs);
        if (isLate) clock.jump(waitMs + 10);
        clock.setImmediate(() => timers.clearTimeout(handle));
        await clock.advance(isLate ? 0 : 200);
        expect(clock.pending).toBe(0);
      }),
    );
  });

  it('never ask for a longer wait than a timer can take', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double({ min: 0, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)), (ms) => {
        const clock = createSimulatedClock();
        const asked: number[] = [];
        const setTimeout = (_callback: () => void, waitMs: number) => asked.push(waitMs);
        createPatientTimers({ setTimeout, clearTimeout() {} }, clock).setTimeout(() => {}, ms);
        expect(asked).toEqual([Math.min(ms, WAIT_MS_MAX)]);
      }),
    );
  });
});
