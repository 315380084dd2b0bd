import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Scheduler } from '../../src/core/scheduler.ts';
import { Share, weightOf } from '../../src/core/share.ts';
import { Turn } from '../../src/core/turn-queue.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';

interface Player {
  readonly priority: number;
  readonly share: number | undefined;
  readonly batchMs: number;
  readonly partitions: number;
  /** Its handler returns a promise that settles at once: the next batch is asked for in a microtask. */
  readonly isAsync: boolean;
}

const END_MS = 1_000;

/** Channels that always have more to do, for a second: how long the batches of each took. */
async function play(players: readonly Player[]): Promise<number[]> {
  const clock = createSimulatedClock();
  const scheduler = new Scheduler(clock, { sliceMs: 1, starvationMs: 1_000 });
  const shares = players.map((player) => new Share(weightOf(player)));
  for (const [index, { priority, batchMs, isAsync, partitions }] of players.entries()) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const step = (): boolean => {
        if (clock.now() >= END_MS) return false;
        clock.jump(batchMs);
        if (isAsync) queueMicrotask(() => scheduler.proceed(turn));
        return !isAsync;
      };
      const turn = new Turn({ priority, step }, shares[index]);
      scheduler.request(turn);
    }
  }
  await clock.advance(2 * END_MS);
  return shares.map(({ spentMs }) => spentMs);
}

const weight = fc.constantFrom(0.5, 1, 2);
const players = fc.array(
  fc.record({
    priority: fc.integer({ min: 2, max: 9 }),
    share: fc.option(weight, { nil: undefined }),
    batchMs: fc.constantFrom(0.05, 0.25, 0.5, 1),
    partitions: fc.integer({ min: 1, max: 3 }),
    isAsync: fc.boolean(),
  }),
  { minLength: 2, maxLength: 4 },
);

/** Each got its share but for that part of it, beside the batches that any of them cannot take in halves. */
async function checkShares(these: readonly Player[], part: number): Promise<void> {
  const spent = await play(these);
  const weights = these.map(weightOf);
  const heaviest = weights.reduce((sum, each) => sum + each, 0);
  for (const [index, ms] of spent.entries()) {
    const due = (END_MS * (weights[index] ?? 0)) / heaviest;
    expect(Math.abs(ms - due), `${ms} ms of ${due}`).toBeLessThanOrEqual(due * part + 4);
  }
}

test.each([
  ['a tenth, where handlers return nothing', false, 0.1],
  ['a fifth, where they return promises', true, 0.2],
] as const)(
  'R11.2 over a second each channel that always has more to do gets its share of the time within %s',
  async (_, isAsync, part) => {
    const alike = players.map((these) => {
      return these.map((each) => ({ ...each, isAsync, partitions: isAsync ? 1 : each.partitions }));
    });
    await fc.assert(
      fc.asyncProperty(alike, (these) => checkShares(these, part)),
      { numRuns: 60 },
    );
  },
);

test('within three fifths where calls of several partitions are in flight, or both kinds of handlers compete', async () => {
  await fc.assert(
    fc.asyncProperty(players, (these) => checkShares(these, 0.6)),
    { numRuns: 60 },
  );
});
