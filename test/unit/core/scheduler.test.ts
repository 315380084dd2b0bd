import { describe, expect, it } from 'vitest';
import { Scheduler } from '../../../src/core/scheduler.ts';
import { Turn } from '../../../src/core/turn-queue.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

const limits = { sliceMs: 1, starvationMs: 100 };

/** Turns that write down when they are given; each has so many batches, and each batch takes so long. */
function createTable() {
  const clock = createSimulatedClock();
  const scheduler = new Scheduler(clock, limits);
  const log: string[] = [];
  const turn = (name: string, priority: number, batches = 1, durationMs = 0): Turn => {
    let left = batches;
    const step = (): boolean => {
      log.push(`${name}@${clock.now()}`);
      clock.jump(durationMs);
      left -= 1;
      return left > 0;
    };
    return new Turn({ priority, step });
  };
  return { clock, scheduler, log, turn };
}

describe('a requested turn', () => {
  it('R3.1 comes in the order of priority and of asking; below priority 1 no channel gets a second one before the others', async () => {
    const { clock, scheduler, log, turn } = createTable();
    const turns = [turn('c', 3), turn('b1', 2, 2), turn('a', 1, 2), turn('b2', 2, 2)];
    for (const each of turns) scheduler.request(each);
    await clock.advance(1);
    expect(log.map((each) => each.slice(0, -2))).toEqual(['a', 'a', 'b1', 'b2', 'c', 'b1', 'b2']);
  });
});

describe('a slice', () => {
  it('ends after `sliceMs` of work: the event loop turns before the next batch', async () => {
    const { clock, scheduler, log, turn } = createTable();
    scheduler.request(turn('a', 1, 10, 0.4));
    const seen: number[] = [];
    const pass = (): void => {
      seen.push(log.length);
      if (log.length < 10) clock.setImmediate(pass);
    };
    pass();
    await clock.advance(10);
    const most = Math.max(...seen.slice(1).map((count, index) => count - (seen[index] ?? 0)));
    expect(most).toBeLessThanOrEqual(3);
    expect(log).toHaveLength(10);
  });

  it('that ran over leaves the event loop a whole turn to itself before the next batch', async () => {
    const { clock, scheduler, log, turn } = createTable();
    clock.setImmediate(() => {
      scheduler.request(turn('stream', 2, 3, 2));
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
    const { clock, scheduler } = createTable();
    expect(scheduler.isSliceOver()).toBe(false);
    clock.jump(1);
    expect(scheduler.isSliceOver()).toBe(true);
    await clock.settle();
    expect(scheduler.isSliceOver()).toBe(false);
  });

  it('that has time left lets `proceed` begin at once; one that is over does not', async () => {
    const { clock, scheduler, log, turn } = createTable();
    scheduler.proceed(turn('a', 1, 1, 2));
    expect(log).toEqual(['a@0']);
    scheduler.clock.advance(128);
    scheduler.proceed(turn('b', 1));
    expect(log).toEqual(['a@0']);
    await clock.settle();
    expect(log).toEqual(['a@0', 'b@2']);
  });

  it('keeps lower priorities out while a call is in flight that may go on in a microtask', async () => {
    const { clock, scheduler, log, turn } = createTable();
    const a = turn('a', 1);
    scheduler.request(turn('z', 9));
    scheduler.proceed(a);
    expect(log).toEqual(['a@0']);
    scheduler.proceed(a);
    expect(log).toEqual(['a@0', 'a@0']);
    await clock.settle();
    expect(log).toEqual(['a@0', 'a@0', 'z@0']);
  });
});

it('a step that asks for turns itself does not run them inside its own', async () => {
  const { clock, scheduler, log, turn } = createTable();
  const inner = turn('inner', 1);
  const outer = new Turn({
    priority: 2,
    step() {
      scheduler.proceed(inner);
      log.push('outer');
      return false;
    },
  });
  scheduler.request(outer);
  await clock.settle();
  expect(log).toEqual(['outer', 'inner@0']);
});

it('the limits of a reload hold at once', () => {
  const { clock, scheduler } = createTable();
  scheduler.reconfigure({ sliceMs: 5, starvationMs: 200 });
  expect(scheduler.limits.starvationMs).toBe(200);
  expect(scheduler.isSliceOver()).toBe(false);
  clock.jump(4);
  expect(scheduler.isSliceOver()).toBe(false);
  clock.jump(1);
  scheduler.clock.read();
  expect(scheduler.isSliceOver()).toBe(true);
});

it('a turn takes its place by the priority it has when it asks', async () => {
  const { clock, scheduler, log, turn } = createTable();
  let priority = 9;
  const moving = new Turn({
    get priority() {
      return priority;
    },
    step() {
      log.push('moving');
      return false;
    },
  });
  for (const before of [9, 1]) {
    priority = before;
    scheduler.request(turn('b', 5));
    scheduler.request(moving);
    await clock.settle();
  }
  expect(log).toEqual(['b@0', 'moving', 'moving', 'b@0']);
});

it('the end of a turn that kept others out lets them go on before the event loop turns', () => {
  const { scheduler, log, turn } = createTable();
  scheduler.request(turn('z', 9));
  const a = turn('a', 1);
  scheduler.proceed(a);
  expect(log).toEqual(['a@0']);
  scheduler.gaveWay(a);
  expect(log).toEqual(['a@0', 'z@0']);
});
