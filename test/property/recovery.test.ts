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

const rules = fc.record({
  attempts: fc.integer({ min: 1, max: 4 }),
  isolate: fc.boolean(),
  needsEvidence: fc.boolean(),
});
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constantFrom('fail', 'fail for good'), limit: fc.integer({ min: 1, max: 9 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom('deliver', 'give back'), limit: fc.integer({ min: 1, max: 9 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restore', 'move'), limit: fc.constant(1) }) },
  ),
  { maxLength: 60 },
);
const fresh = { attempts: 0, acceptedAt: 0, isSplit: false, isSuspect: false, error: undefined };

test('whatever fails, is given back or moves house, each message is held once or gone, and what is held stays in order', () => {
  fc.assert(
    fc.property(rules, steps, (treatment, sequence) => {
      let recovery = new Recovery();
      let next = 0;
      const gone: unknown[] = [];
      for (const step of sequence) {
        if (step.do === 'restore') recovery.restore();
        if (step.do === 'move') {
          const heir = new Recovery();
          for (const segment of recovery.takeAll()) heir.append(segment);
          expect(recovery.size).toBe(0);
          recovery = heir;
        }
        if (step.do === 'restore' || step.do === 'move') continue;
        const messages = Array.from({ length: step.limit }, (_, n) => next + n);
        const segment = recovery.take(step.limit) ?? { ...fresh, messages, acceptedAt: next };
        if (segment.messages[0] === next) next += step.limit;
        expect(segment.messages.length).toBeLessThanOrEqual(step.limit);
        if (step.do === 'give back') recovery.putBack(segment);
        else if (step.do === 'deliver') {
          gone.push(...segment.messages, ...recovery.takeCondemned().flatMap((each) => each.messages));
        } else {
          const failed = { ...segment, attempts: segment.attempts + 1 };
          if (recovery.failed(failed, treatment, step.do === 'fail') === 'condemn') gone.push(...segment.messages);
        }
        expect(recovery.size + gone.length).toBe(next);
      }
      const held = recovery.takeAll().flatMap((segment) => segment.messages);
      expect([...held, ...gone].toSorted((a, b) => Number(a) - Number(b))).toEqual([...Array(next).keys()]);
      expect(held).toEqual(held.toSorted((a, b) => Number(a) - Number(b)));
    }),
  );
});

test('a sink that takes nothing condemns nothing while evidence is needed, and never holds up the attempts', () => {
  fc.assert(
    fc.property(rules, fc.integer({ min: 1, max: 40 }), fc.nat(200), (treatment, size, failures) => {
      const recovery = new Recovery();
      recovery.append({ ...fresh, messages: [...Array(size).keys()] });
      let isSetAside = false;
      for (let left = failures; left > 0; left -= 1) {
        const segment = recovery.take(size);
        if (segment === undefined) {
          recovery.restore();
          isSetAside = true;
        } else {
          // Whoever tries it again has to know that it was suspected before.
          expect(segment.isSuspect).toBe(isSetAside);
          const verdict = recovery.failed(
            { ...segment, attempts: segment.attempts + 1 },
            { ...treatment, needsEvidence: true },
            true,
          );
          expect(verdict).not.toBe('condemn');
        }
        expect(recovery.size).toBe(size);
      }
    }),
  );
});
