import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Recovery, type RecoveryRules } from '../../src/core/recovery.ts';

interface Run {
  readonly delivered: number[];
  readonly condemned: number[];
  readonly calls: number;
}

/** Delivers `count` messages in batches, as a pump does; the sink fails every batch that holds poison. */
function run(count: number, batchSize: number, poison: ReadonlySet<number>, rules: RecoveryRules): Run {
  const recovery = new Recovery();
  const waiting = Array.from({ length: count }, (_, n) => n);
  const delivered: number[] = [];
  const condemned: number[] = [];
  let calls = 0;
  const giveUp = (messages: readonly unknown[]) => condemned.push(...(messages as number[]));
  while (recovery.hasSegments || waiting.length > 0) {
    const fresh = { attempts: 0, acceptedAt: 0, isSplit: false, isSuspect: false, error: undefined };
    const segment = recovery.take(batchSize) ?? { ...fresh, messages: waiting.splice(0, batchSize) };
    const messages = segment.messages as number[];
    calls += 1;
    expect(calls, 'it comes to an end').toBeLessThan(100_000);
    if (messages.some((n) => poison.has(n))) {
      const failed = { ...segment, attempts: segment.attempts + 1 };
      if (recovery.failed(failed, rules, true) === 'condemn') giveUp(messages);
    } else {
      delivered.push(...messages);
      for (const each of recovery.takeCondemned()) giveUp(each.messages);
    }
    const held = recovery.size + waiting.length + delivered.length + condemned.length;
    expect(held, 'nothing is lost or doubled').toBe(count);
  }
  giveUp(recovery.takeCondemned().flatMap((each) => each.messages));
  return { delivered, condemned, calls };
}

const cases = fc
  .record({
    count: fc.integer({ min: 1, max: 300 }),
    batchSize: fc.integer({ min: 1, max: 120 }),
    attempts: fc.integer({ min: 1, max: 4 }),
    places: fc.uniqueArray(fc.nat(299), { maxLength: 12 }),
  })
  .map(({ places, count, ...rest }) => ({ count, ...rest, poison: new Set(places.filter((n) => n < count)) }));

test('R6.1 exactly the poison is given up, and the rest is delivered in order, wherever the poison is', () => {
  fc.assert(
    fc.property(cases, fc.boolean(), ({ count, batchSize, attempts, poison }, needsEvidence) => {
      const { delivered, condemned } = run(count, batchSize, poison, { attempts, isolate: true, needsEvidence });
      const all = Array.from({ length: count }, (_, n) => n);
      expect(delivered).toEqual(all.filter((n) => !poison.has(n)));
      expect(condemned).toEqual(all.filter((n) => poison.has(n)));
    }),
    { numRuns: 200 },
  );
});

test('finding k poison messages in batches of n takes at most k·(2·log2(n) + attempts + 1) calls beyond the batches', () => {
  fc.assert(
    fc.property(cases, ({ count, batchSize, attempts, poison }) => {
      const { calls } = run(count, batchSize, poison, { attempts, isolate: true, needsEvidence: true });
      const perPoison = 2 * Math.ceil(Math.log2(Math.max(2, batchSize))) + attempts + 1;
      expect(calls).toBeLessThanOrEqual(Math.ceil(count / batchSize) + poison.size * perPoison);
    }),
    { numRuns: 200 },
  );
});
