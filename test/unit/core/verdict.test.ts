import { describe, expect, it } from 'vitest';
import { type Evidence, type Failure, type FailureRules, type Verdict, verdictOf } from '../../../src/core/verdict.ts';

/** One message that has used up its attempts, with nothing behind it. */
const failure: Failure = {
  size: 1,
  attempts: 3,
  isSplit: false,
  wasQuarantined: false,
  isRetryable: true,
  isTimedOut: false,
};
const evidence: Evidence = { quarantined: 0, hasMore: false, isProbe: false };
const rules: FailureRules = { attempts: 3, isolate: true, needsEvidence: true, quarantineMax: 30 };

interface Row {
  readonly batch: string;
  readonly of?: Partial<Failure>;
  readonly with?: Partial<Evidence>;
  readonly under?: Partial<FailureRules>;
  readonly verdict: Verdict;
}

function verdict(action: Verdict['action'], countsAgainstSink: boolean, mustWait: boolean): Verdict {
  return { action, countsAgainstSink, mustWait };
}

const rows: readonly Row[] = [
  {
    batch: 'that is exhausted as a probe is split, counts, and waits',
    of: { size: 2 },
    with: { isProbe: true },
    verdict: verdict('split', true, true),
  },
  {
    batch: 'of one message is given up if there is no breaker',
    under: { needsEvidence: false },
    verdict: verdict('give-up', true, false),
  },
  {
    batch: 'of several messages is quarantined whole with `isolate: false` and a breaker',
    of: { size: 5 },
    with: { hasMore: true },
    under: { isolate: false },
    verdict: verdict('quarantine', false, false),
  },
  {
    batch: 'that came back from quarantine is not counted again',
    of: { wasQuarantined: true },
    with: { hasMore: true, quarantined: 9 },
    verdict: verdict('quarantine', false, false),
  },
  {
    batch: 'that came back from quarantine is counted behind ten others',
    of: { wasQuarantined: true },
    with: { hasMore: true, quarantined: 10 },
    verdict: verdict('quarantine', true, false),
  },
];

describe('R6.1 a failed batch', () => {
  it.each(rows)('$batch', ({ of, with: seen, under, verdict }) => {
    expect(verdictOf({ ...failure, ...of }, { ...evidence, ...seen }, { ...rules, ...under })).toEqual(verdict);
  });
});
