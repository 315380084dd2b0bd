import { describe, expect, it } from 'vitest';
import { Turns, type TurnTaker } from '../../../src/core/turns.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

const limits = { sliceMs: 1, starvationMs: 100 };

/** Takers that write down their turns; each has so many batches, and each batch takes so long. */
function createTable() {
  const clock = createSimulatedClock();
  const turns = new Turns(clock, limits);
  const log: string[] = [];
  const taker = (name: string, priority: number, batches = 1, durationMs = 0): TurnTaker => {
    let left = batches;
    return {
      priority,
      isQueued: false,
      queuedAt: 0,
      step() {
        log.push(`${name}@${clock.now()}`);
        clock.jump(durationMs);
        left -= 1;
        return left > 0;
      },
    };
  };
  return { clock, turns, log, taker };
}

describe('a requested turn', () => {
  it('comes in one of the next passes of the event loop, never inside the request', async () => {
    const { clock, turns, log, taker } = createTable();
    turns.request(taker('a', 1));
    expect(log).toEqual([]);
    await clock.settle();
    expect(log).toEqual(['a@0']);
    expect(clock.pending).toBe(0);
  });

  it('is one turn, however often it is requested', async () => {
    const { clock, turns, log, taker } = createTable();
    const a = taker('a', 1);
    for (let count = 0; count < 5; count += 1) turns.request(a);
    await clock.settle();
    expect(log).toEqual(['a@0']);
  });

  it('R3.1 comes in the order of priority, and of asking within one priority', async () => {
    const { clock, turns, log, taker } = createTable();
    const takers = [taker('c', 3), taker('b1', 2, 2), taker('a', 1, 2), taker('b2', 2, 2)];
    for (const each of takers) turns.request(each);
    await clock.advance(1);
    expect(log.map((turn) => turn.slice(0, -2))).toEqual(['a', 'a', 'b1', 'b2', 'b1', 'b2', 'c']);
  });
});

describe('waiting', () => {
  it('raises a low priority until it comes before a high one, within `starvationMs`', async () => {
    const { clock, turns, log, taker } = createTable();
    turns.request(taker('low', 9));
    turns.request(taker('high', 1, 10_000, 0.5));
    await clock.advance(200);
    const turn = log.find((each) => each.startsWith('low'));
    const at = Number(turn?.split('@')[1]);
    expect(at).toBeGreaterThan(80);
    expect(at).toBeLessThanOrEqual(100);
  });
});

describe('a slice', () => {
  it('ends after `sliceMs` of work: the event loop turns before the next batch', async () => {
    const { clock, turns, log, taker } = createTable();
    turns.request(taker('a', 1, 10, 0.4));
    const seen: number[] = [];
    const turn = (): void => {
      seen.push(log.length);
      if (log.length < 10) clock.setImmediate(turn);
    };
    turn();
    await clock.advance(10);
    const most = Math.max(...seen.slice(1).map((count, index) => count - (seen[index] ?? 0)));
    expect(most).toBeLessThanOrEqual(3);
    expect(log).toHaveLength(10);
  });

  it('that ran over leaves the event loop a whole turn to itself before the next batch', async () => {
    const { clock, turns, log, taker } = createTable();
    clock.setImmediate(() => {
      turns.request(taker('stream', 2, 3, 2));
      const feed = (): void => {
        log.push(`feed@${clock.now()}`);
        if (clock.now() < 6) clock.setImmediate(feed);
      };
      clock.setImmediate(feed);
    });
    await clock.settle();
    const between = log
      .join(' ')
      .split(/stream@\d/)
      .map((text) => text.trim().split(' ').filter(Boolean).length);
    expect(between.slice(1, -1).every((feeds) => feeds >= 2)).toBe(true);
  });

  it('says that it is over only until the event loop has turned', async () => {
    const { clock, turns } = createTable();
    expect(turns.isSliceOver()).toBe(false);
    clock.jump(1);
    expect(turns.isSliceOver()).toBe(true);
    await clock.settle();
    expect(turns.isSliceOver()).toBe(false);
  });

  it('that has time left lets `proceed` begin at once; one that is over does not', async () => {
    const { clock, turns, log, taker } = createTable();
    turns.proceed(taker('a', 1, 1, 2));
    expect(log).toEqual(['a@0']);
    turns.glance(128);
    turns.proceed(taker('b', 1));
    expect(log).toEqual(['a@0']);
    await clock.settle();
    expect(log).toEqual(['a@0', 'b@2']);
  });

  it('keeps lower priorities out while a call is in flight that may go on in a microtask', async () => {
    const { clock, turns, log, taker } = createTable();
    const a = taker('a', 1);
    turns.request(taker('z', 9));
    turns.proceed(a);
    expect(log).toEqual(['a@0']);
    turns.proceed(a);
    expect(log).toEqual(['a@0', 'a@0']);
    await clock.settle();
    expect(log).toEqual(['a@0', 'a@0', 'z@0']);
  });
});

it('a step that asks for turns itself does not run them inside its own', async () => {
  const { clock, turns, log, taker } = createTable();
  const inner = taker('inner', 1);
  turns.request({
    priority: 2,
    isQueued: false,
    queuedAt: 0,
    step() {
      turns.proceed(inner);
      log.push('outer');
      return false;
    },
  });
  await clock.settle();
  expect(log).toEqual(['outer', 'inner@0']);
});

it('nobody waiting leaves no timer', async () => {
  const { clock, turns, taker } = createTable();
  turns.request(taker('a', 1, 5));
  await clock.advance(1);
  expect(clock.pending).toBe(0);
});
