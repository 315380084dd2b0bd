import { describe, expect, test } from 'vitest';
import { type PaceListener, paced } from '../../../src/cli/pacing.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

const START_MS = 1_723_161_255_000;

const unheard: PaceListener = { addUnpaced() {}, addLongWait() {} };

interface Timed {
  readonly t: number;
}

/** Reads a paced feed to its end; each batch, behind the time at which it came out. */
async function read(batches: readonly (readonly unknown[])[], totalMs: number, factor = 1, listener = unheard) {
  const clock = createSimulatedClock();
  async function* feed() {
    yield* batches;
  }
  const all: (readonly [at: number, ...batch: unknown[]])[] = [];
  const reading = (async () => {
    for await (const batch of paced(feed(), factor, clock, new AbortController().signal, listener))
      all.push([clock.now(), ...batch]);
  })();
  await clock.advance(totalMs);
  await reading;
  return all;
}

/** Messages at these offsets, and when each came out: `500 at 50`. */
async function release(offsetsMs: readonly number[], factor: number, totalMs: number): Promise<string[]> {
  const feed = offsetsMs.map((offsetMs): Timed => ({ t: START_MS + offsetMs }));
  const all = await read([feed], totalMs, factor);
  return all.flatMap(([at, ...batch]) => (batch as Timed[]).map(({ t }) => `${t - START_MS} at ${at}`));
}

describe('pacing', () => {
  test('messages come out as far apart as they happened, divided by the factor', async () => {
    expect(await release([0, 0, 500, 2_000], 1, 2_000)).toEqual(['0 at 0', '0 at 0', '500 at 500', '2000 at 2000']);
    expect(await release([0, 500, 2_000], 10, 200)).toEqual(['0 at 0', '500 at 50', '2000 at 200']);
  });

  test('a time that went back is not waited for', async () => {
    expect(await release([1_000, 0, 1_500], 1, 500)).toEqual(['1000 at 0', '0 at 0', '1500 at 500']);
  });

  test('a message without a time goes with those before it, and an empty batch is nothing', async () => {
    const batches = [[], [{ t: START_MS }, 'no time', { t: START_MS + 100 }, null]];
    expect(await read(batches, 100)).toEqual([
      [0, { t: START_MS }, 'no time'],
      [100, { t: START_MS + 100 }, null],
    ]);
  });

  test('messages without a time, stale ones and long waits are told', async () => {
    const offsets = [-6_000, -4_000, 60_000].map((offsetMs) => ({ t: START_MS + offsetMs }));
    const told: unknown[] = [];
    const listener: PaceListener = { addUnpaced: (why) => told.push(why), addLongWait: (...wait) => told.push(wait) };
    await read([[{ t: START_MS }, 'no time', ...offsets]], 60_000, 1, listener);
    expect(told).toEqual(['missing', 'stale', [60_000, START_MS + 60_000]]);
  });

  test('a batch that begins late is waited for, and nothing is handed on before it', async () => {
    const [first, second] = [{ t: START_MS }, { t: START_MS + 100 }];
    expect(await read([[first], [second]], 100)).toEqual([
      [0, first],
      [100, second],
    ]);
  });

  test.each([true, false])('an abort ends a long wait; it comes before the wait: %s', async (isBefore) => {
    const clock = createSimulatedClock();
    const controller = new AbortController();
    async function* batches() {
      yield [{ t: START_MS }];
      if (isBefore) controller.abort();
      yield [{ t: START_MS + 3_600_000 }];
    }
    const feed = paced(batches(), 1, clock, controller.signal, unheard);
    await feed.next();
    const next = feed.next();
    await clock.settle();
    controller.abort();
    expect((await next).done).toBe(true);
    expect(clock.pending).toBe(0);
  });
});
