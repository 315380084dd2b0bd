import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Scheduler } from '../../src/core/scheduler.ts';
import { Turn } from '../../src/core/turn-queue.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';

interface Waiting {
  readonly priority: number;
  readonly queuedAt: number;
}

/** A turn that was given at `at`, and those that waited at that time. */
interface Given extends Waiting {
  readonly at: number;
  readonly others: readonly Waiting[];
}

const STARVATION_MS = 50;
const BATCH_MS_MAX = 2;
const END_MS = 150;

/** Turns of any priority that always want more, with batches of any length: each time that one was given. */
async function play(players: readonly { priority: number; batchMs: number }[]): Promise<Given[]> {
  const clock = createSimulatedClock();
  const scheduler = new Scheduler(clock, { sliceMs: 1, starvationMs: STARVATION_MS });
  const log: Given[] = [];
  const turns: Turn[] = [];
  const waiting = (): Waiting[] =>
    turns.flatMap(({ queuedAt, taker }) => (queuedAt === undefined ? [] : [{ priority: taker.priority, queuedAt }]));
  for (const { priority, batchMs } of players) {
    let queuedAt = Number.NaN;
    const step = (): boolean => {
      log.push({ priority, queuedAt, at: clock.now(), others: waiting() });
      clock.jump(batchMs);
      // It is queued again as of the reading that was taken before its batch.
      queuedAt = scheduler.clock.now;
      return clock.now() < END_MS;
    };
    const turn = new Turn({ priority, step });
    turns.push(turn);
    scheduler.request(turn);
    queuedAt = turn.queuedAt ?? Number.NaN;
  }
  await clock.advance(2 * END_MS);
  expect(waiting()).toEqual([]);
  return log;
}

const players = fc.array(
  fc.record({
    priority: fc.integer({ min: 1, max: 9 }),
    batchMs: fc.double({ min: 0.25, max: BATCH_MS_MAX, noNaN: true }),
  }),
  { minLength: 1, maxLength: 8 },
);

test('a turn of priority 1 waits for no other that has not waited longer', async () => {
  await fc.assert(
    fc.asyncProperty(players, async (these) => {
      const isPassedOver = ({ priority, queuedAt, others }: Given): boolean =>
        priority > 1 && others.some((other) => other.priority === 1 && other.queuedAt <= queuedAt);
      expect((await play(these)).filter(({ at }) => at < END_MS).filter(isPassedOver)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('R3.4 no turn waits longer than `starvationMs` and one batch of each that is starving with it', async () => {
  await fc.assert(
    fc.asyncProperty(players, async (these) => {
      const bound = STARVATION_MS + BATCH_MS_MAX * these.length;
      const waits = (await play(these)).map(({ at, queuedAt }) => at - queuedAt);
      expect(Math.max(...waits)).toBeLessThanOrEqual(bound);
    }),
    { numRuns: 60 },
  );
});

test('turns of priority 1 are given in the order of asking', async () => {
  await fc.assert(
    fc.asyncProperty(players, async (these) => {
      const log = await play(these);
      const asked = log.filter(({ priority }) => priority === 1).map(({ queuedAt }) => queuedAt);
      expect(asked).toEqual(asked.toSorted((a, b) => a - b));
    }),
    { numRuns: 60 },
  );
});
