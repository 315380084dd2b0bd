import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

describe('time', () => {
  it('stands still until it is moved', async () => {
    const clock = createSimulatedClock({ startMs: 5, wallStartMs: 1_000 });
    expect([clock.now(), clock.wallTime()]).toEqual([5, 1_000]);
    await clock.advance(10.5);
    expect([clock.now(), clock.wallTime()]).toEqual([15.5, 1_010.5]);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('does not move by %s', async (ms) => {
    const clock = createSimulatedClock();
    await expect(clock.advance(ms)).rejects.toThrow('finite number of milliseconds');
    expect(() => clock.jump(ms)).toThrow('finite number of milliseconds');
  });

  it('refuses to be advanced twice at once, and then goes on', async () => {
    const clock = createSimulatedClock();
    const first = clock.advance(1);
    await expect(clock.advance(1)).rejects.toThrow('await the earlier call');
    await first;
    await clock.advance(1);
    expect(clock.now()).toBe(2);
  });
});

describe('timers', () => {
  it('fire at their own time, not at the end of the step', async () => {
    const clock = createSimulatedClock();
    const firedAt: number[] = [];
    for (const ms of [30, 10, 20, 41]) clock.setTimeout(() => firedAt.push(clock.now()), ms);
    await clock.advance(40);
    expect(firedAt).toEqual([10, 20, 30]);
    expect(clock.pending).toBe(1);
  });

  it('see the promises of the one before settled, however long their chain', async () => {
    const clock = createSimulatedClock();
    const log: string[] = [];
    const first = async (): Promise<void> => {
      for (let turn = 0; turn < 1_000; turn += 1) await null;
      await new Promise<void>((resolve) => process.nextTick(resolve));
      log.push('first');
      clock.setTimeout(() => log.push('between'), 1);
    };
    clock.setTimeout(() => void first(), 1);
    clock.setTimeout(() => log.push('second'), 3);
    await clock.advance(3);
    expect(log).toEqual(['first', 'between', 'second']);
  });

  it('armed by a promise before the first step are not missed', async () => {
    const clock = createSimulatedClock();
    let fired = false;
    void Promise.resolve().then(() => clock.setTimeout(() => (fired = true), 5));
    await clock.advance(5);
    expect(fired).toBe(true);
  });

  it('fire in order of time, then of creation, for any delays', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 50 }), async (delays) => {
        const clock = createSimulatedClock();
        const fired: number[] = [];
        delays.forEach((ms, index) => {
          clock.setTimeout(() => fired.push(index), ms);
        });
        await clock.advance(20);
        const expected = delays.map((ms, index) => ({ ms, index })).sort((a, b) => a.ms - b.ms || a.index - b.index);
        expect(fired).toEqual(expected.map(({ index }) => index));
      }),
    ));

  it.each([
    [0, 1],
    [-5, 1],
    [Number.NaN, 1],
    [0.2, 1],
    [7.3, 8],
    [2 ** 40, 2 ** 40],
  ])('of %d ms fire after %d ms', async (ms, expectedMs) => {
    const clock = createSimulatedClock();
    let firedAt = 0;
    clock.setTimeout(() => (firedAt = clock.now()), ms);
    await clock.advance(expectedMs);
    expect(firedAt).toBe(expectedMs);
  });

  it('of infinite length never fire', async () => {
    const clock = createSimulatedClock();
    clock.setTimeout(() => expect.unreachable(), Number.POSITIVE_INFINITY);
    await clock.advance(Number.MAX_SAFE_INTEGER);
    expect(clock.pending).toBe(1);
  });

  it('do not fire once cleared, and unknown handles are ignored', async () => {
    const clock = createSimulatedClock();
    const cleared = [clock.setTimeout(() => expect.unreachable(), 1), clock.setTimeout(() => expect.unreachable(), 1)];
    clock.setTimeout(() => clock.clearTimeout(cleared[1]), 1);
    clock.clearTimeout(cleared[0]);
    clock.clearTimeout(undefined);
    clock.clearImmediate({});
    clock.clearTimeout(cleared[1]);
    await clock.advance(1);
    expect(clock.pending).toBe(0);
  });
});

describe('immediates', () => {
  it('run without time moving, in order, also those they make', async () => {
    const clock = createSimulatedClock();
    const log: string[] = [];
    clock.setImmediate(() => {
      log.push('first');
      clock.setImmediate(() => log.push('third'));
    });
    clock.setImmediate(() => log.push('second'));
    clock.clearImmediate(clock.setImmediate(() => log.push('cleared')));
    expect(clock.pending).toBe(2);
    await clock.settle();
    expect([log, clock.now()]).toEqual([['first', 'second', 'third'], 0]);
  });

  it('that re-arm themselves for ever are reported, not waited for', async () => {
    const clock = createSimulatedClock();
    const again = (): void => {
      clock.setImmediate(again);
    };
    again();
    await expect(clock.settle()).rejects.toThrow('one of them re-arms itself');
  });
});

describe('a jump', () => {
  it('fires nothing by itself; the next step fires what fell due, in order', async () => {
    const clock = createSimulatedClock();
    const fired: [string, number][] = [];
    clock.setTimeout(() => fired.push(['late', clock.now()]), 20);
    clock.setTimeout(() => fired.push(['early', clock.now()]), 10);
    clock.jump(100);
    expect(fired).toEqual([]);
    await clock.settle();
    expect(fired).toEqual([
      ['early', 100],
      ['late', 100],
    ]);
  });

  it('inside a callback may go past the end of the step, which then ends', async () => {
    const clock = createSimulatedClock();
    const ranAt: number[] = [];
    const busy = (): void => {
      ranAt.push(clock.now());
      clock.jump(4);
      clock.setImmediate(busy);
    };
    clock.setImmediate(busy);
    await clock.advance(10);
    expect([clock.now(), ranAt]).toEqual([12, [0, 4, 8]]);
    await clock.advance(0);
    expect(ranAt).toEqual([0, 4, 8, 12]);
  });
});

it('an exception in a callback comes out of the step, and the rest can still run', async () => {
  const clock = createSimulatedClock();
  let fired = false;
  clock.setTimeout(() => {
    throw new Error('boom');
  }, 1);
  clock.setTimeout(() => (fired = true), 2);
  await expect(clock.advance(5)).rejects.toThrow('boom');
  expect(clock.now()).toBe(1);
  await clock.advance(1);
  expect(fired).toBe(true);
});
