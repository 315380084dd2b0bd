import { expect, it } from 'vitest';
import { type Evidence, type Failure, type FailureRules, type Verdict, verdictOf } from '../../../src/core/verdict.ts';

/** One message that has used up its attempts, with nothing behind it. */
const exhausted: Failure & Evidence & FailureRules = {
  ...{ size: 1, attempts: 3, isSplit: false, wasQuarantined: false, isRetryable: true, isTimedOut: false },
  ...{ quarantined: 0, hasMore: false, isProbe: false },
  ...{ isolate: true, needsEvidence: true, quarantineMax: 30 },
};
const back = { wasQuarantined: true, hasMore: true };

it.each<[batch: string, Partial<typeof exhausted>, Verdict['action'], countsAgainstSink: boolean, mustWait: boolean]>([
  ['that is exhausted as a probe is split, counts, and waits', { size: 2, isProbe: true }, 'split', true, true],
  ['of one message is given up if there is no breaker', { needsEvidence: false }, 'give-up', true, false],
  ['is quarantined whole with a breaker', { size: 5, hasMore: true, isolate: false }, 'quarantine', false, false],
  ['that came back from quarantine is not counted again', { ...back, quarantined: 9 }, 'quarantine', false, false],
  ['that came back is counted behind ten others', { ...back, quarantined: 10 }, 'quarantine', true, false],
])('R6.1 a failed batch %s', (_, given, action, countsAgainstSink, mustWait) => {
  const failed = { ...exhausted, ...given };
  expect(verdictOf(failed, failed, failed)).toEqual({ action, countsAgainstSink, mustWait });
});
