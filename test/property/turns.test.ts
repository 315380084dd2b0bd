import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Turns, type TurnTaker } from '../../src/core/turns.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';

interface Turn {
  readonly priority: number;
  readonly queuedAt: number;
  readonly at: number;
  /** Who else waited. */
  readonly others: readonly { readonly priority: number; readonly queuedAt: number }[];
}

const STARVATION_MS = 50;
const BATCH_MS_MAX = 2;
const END_MS = 150;

/** Takers of any priority that always want more, with batches of any length; what was each turn, and who waited then. */
async function play(takers: readonly { priority: number; batchMs: number }[]): Promise<Turn[]> {
  const clock = createSimulatedClock();
  const turns = new Turns(clock, { sliceMs: 1, starvationMs: STARVATION_MS });
  const log: Turn[] = [];
  const all: TurnTaker[] = takers.map(({ priority, batchMs }) => ({
    priority,
    isQueued: false,
    queuedAt: 0,
    step() {
      const others = all.filter(({ isQueued }) => isQueued).map(({ priority, queuedAt }) => ({ priority, queuedAt }));
      log.push({ priority, queuedAt: this.queuedAt, at: clock.now(), others });
      clock.jump(batchMs);
      return clock.now() < END_MS;
    },
  }));
  for (const taker of all) turns.request(taker);
  await clock.advance(2 * END_MS);
  expect(all.filter(({ isQueued }) => isQueued)).toEqual([]);
  return log;
}

const takers = fc.array(
  fc.record({
    priority: fc.integer({ min: 1, max: 9 }),
    batchMs: fc.double({ min: 0.25, max: BATCH_MS_MAX, noNaN: true }),
  }),
  { minLength: 1, maxLength: 8 },
);

const urgency = (turn: { priority: number; queuedAt: number }, now: number): number =>
  turn.priority * (1 - (now - turn.queuedAt) / STARVATION_MS);

test('whoever is given a turn is the most urgent of those that wait', async () => {
  await fc.assert(
    fc.asyncProperty(takers, async (players) => {
      const log = await play(players);
      const isPassedOver = ({ at, others, ...turn }: Turn): boolean =>
        others.some((other) => urgency(other, at) < urgency(turn, at) - 1e-9);
      expect(log.filter(({ at }) => at < END_MS).filter(isPassedOver)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('R3.4 nobody waits longer than `starvationMs` and one batch of each that is starving with it', async () => {
  await fc.assert(
    fc.asyncProperty(takers, async (players) => {
      const bound = STARVATION_MS + BATCH_MS_MAX * players.length;
      const waits = (await play(players)).map(({ at, queuedAt }) => at - queuedAt);
      expect(Math.max(...waits)).toBeLessThanOrEqual(bound);
    }),
    { numRuns: 60 },
  );
});

test('takers of one priority take turns in the order of asking', async () => {
  await fc.assert(
    fc.asyncProperty(takers, async (players) => {
      const log = await play(players);
      for (let priority = 1; priority <= 9; priority += 1) {
        const asked = log.filter((turn) => turn.priority === priority).map(({ queuedAt }) => queuedAt);
        expect(asked).toEqual(asked.toSorted((a, b) => a - b));
      }
    }),
    { numRuns: 60 },
  );
});
