import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FailedBatch, Recovery } from '../../src/core/recovery.ts';
import { type Evidence, type FailureRules, type Verdict, verdictOf } from '../../src/core/verdict.ts';

const fresh = { attempts: 0, acceptedAt: 0, isSplit: false, wasQuarantined: false, error: undefined };

/** Does with a failed batch what the settlement of a channel does with it. */
function fail(
  recovery: Recovery,
  taken: FailedBatch,
  rules: FailureRules,
  isRetryable = true,
  hasMore = true,
): Verdict {
  const batch = { ...taken, attempts: taken.attempts + 1 };
  const evidence: Evidence = { quarantined: recovery.quarantined, hasMore, isProbe: false };
  const verdict = verdictOf({ ...batch, size: batch.messages.length, isRetryable, isTimedOut: false }, evidence, rules);
  if (verdict.action === 'retry') recovery.putBack(batch);
  else if (verdict.action === 'split') recovery.split(batch);
  else if (verdict.action === 'quarantine') recovery.setAside(batch);
  if (verdict.mustWait) recovery.restore();
  return verdict;
}

function messagesOf(batches: readonly FailedBatch[]): number[] {
  return batches.flatMap(({ messages }) => messages as number[]);
}

interface Run {
  readonly delivered: number[];
  readonly poison: number[];
  readonly calls: number;
}

/** Delivers `count` messages in batches, as a delivery does; the sink fails every batch that holds poison. */
function run(count: number, batchSize: number, poisoned: ReadonlySet<number>, rules: FailureRules): Run {
  const recovery = new Recovery();
  const waiting = Array.from({ length: count }, (_, n) => n);
  const delivered: number[] = [];
  const poison: number[] = [];
  let calls = 0;
  while (recovery.hasBatches || waiting.length > 0) {
    const batch = recovery.take(batchSize) ?? { ...fresh, messages: waiting.splice(0, batchSize) };
    const messages = batch.messages as number[];
    calls += 1;
    expect(calls, 'it comes to an end').toBeLessThan(100_000);
    if (messages.some((n) => poisoned.has(n))) {
      if (fail(recovery, batch, rules).action === 'give-up') poison.push(...messages);
    } else {
      delivered.push(...messages);
      poison.push(...messagesOf(recovery.takePoison()));
    }
    const held = recovery.size + waiting.length + delivered.length + poison.length;
    expect(held, 'nothing is lost or doubled').toBe(count);
  }
  // As if one more message had been delivered.
  poison.push(...messagesOf(recovery.takePoison()));
  return { delivered, poison, calls };
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
      const outcome = run(count, batchSize, poison, { attempts, isolate: true, needsEvidence, quarantineMax: 30 });
      const all = Array.from({ length: count }, (_, n) => n);
      expect(outcome.delivered).toEqual(all.filter((n) => !poison.has(n)));
      expect(outcome.poison).toEqual(all.filter((n) => poison.has(n)));
    }),
    { numRuns: 200 },
  );
});

test('finding k poison messages in batches of n takes at most k·(2·log2(n) + attempts + 1) calls beyond the batches', () => {
  fc.assert(
    fc.property(cases, ({ count, batchSize, attempts, poison }) => {
      const { calls } = run(count, batchSize, poison, {
        attempts,
        isolate: true,
        needsEvidence: true,
        quarantineMax: 30,
      });
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
  quarantineMax: fc.constant(30),
});
const limits = fc.integer({ min: 1, max: 9 });
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('fail', 'fail for good', 'fail last'), limit: limits }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('deliver', 'give back'), limit: limits }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restore', 'move'), limit: fc.constant(1) }) },
  ),
  { maxLength: 60 },
);

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
          for (const batch of recovery.takeAll()) heir.append(batch);
          expect(recovery.size).toBe(0);
          recovery = heir;
        }
        if (step.do === 'restore' || step.do === 'move') continue;
        const messages = Array.from({ length: step.limit }, (_, n) => next + n);
        const batch = recovery.take(step.limit) ?? { ...fresh, messages, acceptedAt: next };
        if (batch.messages[0] === next) next += step.limit;
        expect(batch.messages.length).toBeLessThanOrEqual(step.limit);
        if (step.do === 'give back') recovery.putBack(batch);
        else if (step.do === 'deliver') gone.push(...batch.messages, ...messagesOf(recovery.takePoison()));
        else {
          const verdict = fail(recovery, batch, treatment, step.do !== 'fail for good', step.do !== 'fail last');
          if (verdict.action === 'give-up') gone.push(...batch.messages);
        }
        expect(recovery.size + gone.length).toBe(next);
      }
      const held = messagesOf(recovery.takeAll());
      expect([...held, ...gone].toSorted((a, b) => Number(a) - Number(b))).toEqual([...Array(next).keys()]);
      expect(held).toEqual(held.toSorted((a, b) => a - b));
    }),
  );
});

test('a sink that takes nothing poisons nothing while evidence is needed, and never holds up the attempts', () => {
  fc.assert(
    fc.property(rules, fc.integer({ min: 1, max: 40 }), fc.nat(200), (treatment, size, failures) => {
      const recovery = new Recovery();
      recovery.append({ ...fresh, messages: [...Array(size).keys()] });
      let wasRestored = false;
      for (let left = failures; left > 0; left -= 1) {
        const batch = recovery.take(size);
        if (batch === undefined) {
          recovery.restore();
          wasRestored = true;
        } else {
          // The next attempt has to know that the batch was in quarantine before.
          expect(batch.wasQuarantined).toBe(wasRestored);
          expect(fail(recovery, batch, { ...treatment, needsEvidence: true, quarantineMax: 100 }).action).not.toBe(
            'give-up',
          );
        }
        expect(recovery.size).toBe(size);
      }
      expect(messagesOf(recovery.takeAll())).toEqual([...Array(size).keys()]);
    }),
  );
});

test('what is in quarantine leaves as poison in the order in which it was set aside, or goes back in that order', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), (quarantined, behind) => {
      const make = (): Recovery => {
        const recovery = new Recovery();
        for (let n = 0; n < quarantined; n += 1) recovery.setAside({ ...fresh, messages: [n] });
        for (let n = 0; n < behind; n += 1) recovery.append({ ...fresh, messages: [quarantined + n] });
        return recovery;
      };
      const [judged, restored] = [make(), make()];
      expect(messagesOf(judged.takePoison())).toEqual([...Array(quarantined).keys()]);
      expect(judged.size).toBe(behind);
      restored.restore();
      expect(restored.quarantined).toBe(0);
      expect(messagesOf(restored.takeAll())).toEqual([...Array(quarantined + behind).keys()]);
    }),
  );
});
