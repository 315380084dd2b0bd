import { expect, it } from 'vitest';
import { WriteQueue } from '../../../src/facts/write-queue.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

it.each([0, 1, 2, 3, 4, 5, 6])(
  'a write that comes %i microtasks after the last one was done is written, too',
  async (later) => {
    const clock = createSimulatedClock();
    const queue = new WriteQueue({ clock, timers: clock, troubled() {} });
    const done: string[] = [];
    const write = (name: string, then?: () => Promise<void>) => ({
      run: async () => {},
      leave() {},
      done() {
        done.push(name);
        void then?.();
      },
    });
    const addLater = async (): Promise<void> => {
      for (let left = later; left > 0; left -= 1) await undefined;
      queue.add(write('second'));
    };
    queue.add(write('first', addLater));
    await clock.advance(60_000);
    expect([done, queue.size]).toEqual([['first', 'second'], 0]);
  },
);
