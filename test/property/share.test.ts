import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Scheduler } from '../../src/core/scheduler.ts';
import { Share, weightOf } from '../../src/core/share.ts';
import { Turn } from '../../src/core/turn-queue.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';

type Handler = 'plain' | 'async' | 'later';

interface Player {
  readonly priority: number;
  readonly share: number | undefined;
  readonly batchMs: number;
  readonly partitions: number;
  /** It works at once; `async`: the next batch is asked for in a microtask; `later`: the work is done there, too. */
  readonly handler: Handler;
  /** After its first batch it has nothing to do until then, in ms. */
  readonly awayUntil?: number;
}

const END_MS = 1_000;

/** Channels that always have more to do, for a second: how long the batches of each took. */
async function play(players: readonly Player[]): Promise<number[]> {
  const clock = createSimulatedClock();
  const scheduler = new Scheduler(clock, { sliceMs: 1, starvationMs: 1_000 });
  const shares = players.map((player) => new Share(weightOf(player)));
  const spent = players.map(() => 0);
  for (const [index, { awayUntil = 0, priority, batchMs, handler, partitions }] of players.entries()) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const work = (): void => {
        clock.jump(batchMs);
        spent[index] = (spent[index] ?? 0) + batchMs;
      };
      const later = (): void => {
        if (handler === 'later') work();
        scheduler.proceed(turn);
      };
      const step = (): boolean => {
        if (clock.now() >= END_MS) return false;
        if (handler !== 'later') work();
        if (clock.now() < awayUntil) return false;
        if (handler !== 'plain') queueMicrotask(later);
        return handler === 'plain';
      };
      const turn = new Turn({ priority, step }, shares[index]);
      scheduler.request(turn);
      if (awayUntil > 0) clock.setTimeout(() => scheduler.request(turn), awayUntil);
    }
  }
  await clock.advance(2 * END_MS);
  for (const [index, { spentMs }] of shares.entries()) expect(spentMs).toBeCloseTo(spent[index] ?? 0, 6);
  return spent;
}

const players = (kinds: readonly Handler[]) =>
  fc.array(
    fc.record({
      priority: fc.integer({ min: 2, max: 9 }),
      share: fc.constantFrom(undefined, 0.5, 1, 2),
      batchMs: fc.constantFrom(0.05, 0.25, 0.5, 1),
      partitions: fc.integer({ min: 1, max: 3 }),
      handler: fc.constantFrom(...kinds),
    }),
    { minLength: 2, maxLength: 4 },
  );

const handlers: readonly Handler[] = ['plain', 'async', 'later'];

test.each([...handlers.map((each) => [each]), handlers].map((kinds) => ({ kinds })))(
  'R11.2 over a second each channel that always has more to do gets its share ± 10 %, with handlers that are $kinds',
  async ({ kinds }) => {
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

test.each(handlers)('a channel that was away has saved nothing (handler: %s)', async (handler) => {
  const player = { priority: 2, share: 1, batchMs: 0.25, partitions: 1, handler };
  const [, late] = await play([player, { ...player, awayUntil: END_MS / 2 }]);
  expect(Math.abs((late ?? 0) - END_MS / 4)).toBeLessThanOrEqual(0.1 * END_MS);
});
