import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Evidence, type Failure, type FailureRules, verdictOf } from '../../src/core/verdict.ts';

const failures: fc.Arbitrary<Failure> = fc.record({
  size: fc.integer({ min: 1, max: 1_000 }),
  attempts: fc.integer({ min: 1, max: 6 }),
  isSplit: fc.boolean(),
  wasQuarantined: fc.boolean(),
  isRetryable: fc.boolean(),
  isTimedOut: fc.boolean(),
});
const evidences: fc.Arbitrary<Evidence> = fc.record({
  quarantined: fc.nat(20),
  hasMore: fc.boolean(),
  isProbe: fc.boolean(),
});
const rules: fc.Arbitrary<FailureRules> = fc.record({
  attempts: fc.integer({ min: 1, max: 4 }),
  isolate: fc.boolean(),
  needsEvidence: fc.boolean(),
  quarantineMax: fc.integer({ min: 10, max: 100 }),
});

function forAll(law: (failure: Failure, evidence: Evidence, under: FailureRules) => void): void {
  fc.assert(fc.property(failures, evidences, rules, law), { numRuns: 1_000 });
}

test('a batch is tried again as it is exactly while it may: retryable, whole, with attempts left', () => {
  forAll((failure, evidence, under) => {
    const mayRetry = failure.isRetryable && !failure.isSplit && failure.attempts < under.attempts;
    expect(verdictOf(failure, evidence, under).action === 'retry').toBe(mayRetry);
  });
});

test('only several messages are split, and only with `isolate`', () => {
  forAll((failure, evidence, under) => {
    if (verdictOf(failure, evidence, under).action !== 'split') return;
    expect([failure.size > 1, under.isolate]).toEqual([true, true]);
  });
});

test('no retryable message is given up while evidence is needed, however often it failed', () => {
  forAll((failure, evidence, under) => {
    const verdict = verdictOf({ ...failure, isRetryable: true }, evidence, { ...under, needsEvidence: true });
    expect(verdict.action).not.toBe('give-up');
  });
});

test('nothing that is not retryable waits, is retried or is quarantined', () => {
  forAll((failure, evidence, under) => {
    const verdict = verdictOf({ ...failure, isRetryable: false }, evidence, under);
    expect(['split', 'give-up']).toContain(verdict.action);
    expect(verdict.mustWait).toBe(false);
  });
});

test('what waits out the backoff counts against the sink, so that a sink that is down opens the breaker', () => {
  forAll((failure, evidence, under) => {
    const verdict = verdictOf({ ...failure, isTimedOut: false }, evidence, under);
    if (verdict.mustWait) expect(verdict.countsAgainstSink).toBe(true);
  });
});

test('of messages that fail one after the other and are new, at most the first is not counted', () => {
  forAll((failure, evidence, under) => {
    const quarantined = { ...evidence, quarantined: evidence.quarantined + 1 };
    const news = { ...failure, wasQuarantined: false, isTimedOut: false };
    const verdict = verdictOf(news, quarantined, under);
    if (verdict.action === 'quarantine') expect(verdict.countsAgainstSink).toBe(true);
  });
});

test('a call past its deadline is counted by the breaker alone, and changes nothing else', () => {
  forAll((failure, evidence, under) => {
    const [late, timely] = [true, false].map((isTimedOut) => verdictOf({ ...failure, isTimedOut }, evidence, under));
    expect(late).toEqual({ ...timely, countsAgainstSink: false });
  });
});

test('beyond the attempts, one attempt more changes nothing', () => {
  forAll((failure, evidence, under) => {
    const exhausted = { ...failure, attempts: under.attempts + failure.attempts };
    const more = { ...exhausted, attempts: exhausted.attempts + 1 };
    expect(verdictOf(more, evidence, under)).toEqual(verdictOf(exhausted, evidence, under));
  });
});

test('a quarantine that is full grows by one message and then waits, whatever the breaker says', () => {
  forAll((failure, evidence, under) => {
    const full = { ...evidence, quarantined: under.quarantineMax + evidence.quarantined };
    const verdict = verdictOf(failure, full, under);
    if (verdict.action === 'quarantine') expect(verdict.mustWait).toBe(true);
  });
});
