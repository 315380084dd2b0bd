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
const players = (kinds: readonly boolean[]) =>
  fc.array(
    fc.record({
      priority: fc.integer({ min: 2, max: 9 }),
      share: fc.option(weight, { nil: undefined }),
      batchMs: fc.constantFrom(0.05, 0.25, 0.5, 1),
      partitions: fc.integer({ min: 1, max: 3 }),
      isAsync: fc.constantFrom(...kinds),
    }),
    { minLength: 2, maxLength: 4 },
  );

test.each([
  ['return nothing', [false]],
  ['return promises', [true]],
  ['do either', [false, true]],
])(
  'R11.2 over a second each channel that always has more to do gets its share ± 10 %, where handlers %s',
  async (_, kinds) => {
    const property = fc.asyncProperty(players(kinds), async (these) => {
      const spent = await play(these);
      const weights = these.map(weightOf);
      const total = weights.reduce((sum, each) => sum + each, 0);
      for (const [index, ms] of spent.entries()) {
        const due = (END_MS * (weights[index] ?? 0)) / total;
        // Beside the batches that none of them can take in halves.
        expect(Math.abs(ms - due), `${ms} ms of ${due}`).toBeLessThanOrEqual(0.1 * due + 4);
      }
    });
    await fc.assert(property, { numRuns: 60 });
  },
);

test.each([false, true])(
  'a channel that was away has saved nothing (its handler returns a promise: %s)',
  async (isAsync) => {
    const clock = createSimulatedClock();
    const scheduler = new Scheduler(clock, { sliceMs: 1, starvationMs: 1_000 });
    const shares = [new Share(1), new Share(1)];
    const turns = shares.map((share, index) => {
      const step = (): boolean => {
        // The second one has a single batch at first.
        const goesOn = clock.now() < 2 * END_MS && (index === 0 || clock.now() >= END_MS);
        clock.jump(0.25);
        if (isAsync && goesOn) queueMicrotask(() => scheduler.proceed(turn));
        return goesOn && !isAsync;
      };
      const turn = new Turn({ priority: 2, step }, share);
      return turn;
    });
    for (const turn of turns) scheduler.request(turn);
    await clock.advance(END_MS);
    const before = shares.map(({ spentMs }) => spentMs);
    scheduler.request(turns[1] as Turn);
    await clock.advance(2 * END_MS);
    const spent = shares.map(({ spentMs }, index) => spentMs - (before[index] ?? 0));
    for (const ms of spent) expect(Math.abs(ms - END_MS / 2)).toBeLessThanOrEqual(0.1 * END_MS);
  },
);
