/** A batch that failed as a whole, as far as the decision needs to know it. */
export interface Failure {
  /** How many messages it has. */
  readonly size: number;
  /** How often it was tried. */
  readonly attempts: number;
  /** It is part of a batch that is being split. */
  readonly isSplit: boolean;
  /** It came back from quarantine: nothing showed whether it or the sink was at fault. */
  readonly wasQuarantined: boolean;
  /** False: the error said that another attempt cannot help. */
  readonly isRetryable: boolean;
  /** It ran past its deadline, which the breaker has counted already. */
  readonly isTimedOut: boolean;
}

/** What is known besides about the sink and what waits. */
export interface Evidence {
  /** How many failed batches are in quarantine. */
  readonly quarantined: number;
  /** More messages wait behind it: their fate shows whether it or the sink is at fault. */
  readonly hasMore: boolean;
  /** The breaker is half-open. */
  readonly isProbe: boolean;
}

/** The part of the configuration that decides how a failure is treated. */
export interface FailureRules {
  /** Attempts before a batch counts as exhausted, at least 1. */
  readonly attempts: number;
  readonly isolate: boolean;
  /** False: there is no breaker, so the attempts alone decide. */
  readonly needsEvidence: boolean;
  /** So many messages may be in quarantine. A breaker that never opens would let it grow without end. */
  readonly quarantineMax: number;
}

/**
 * What becomes of a failed batch. `retry`: the same batch goes again · `split`: its halves go, each alone ·
 * `quarantine`: it is set aside until something after it shows whether it or the sink is at fault · `give-up`: its messages become dead
 * letters.
 */
type FailureAction = 'retry' | 'split' | 'quarantine' | 'give-up';

/** The decision about one failed batch. */
export interface Verdict {
  readonly action: FailureAction;
  /** The failure speaks against the sink: the breaker counts it. */
  readonly countsAgainstSink: boolean;
  /** The next call waits out the backoff. */
  readonly mustWait: boolean;
}

/** So many messages in a row may be quarantined without a word against the sink; then the sink is to blame. */
const FREE_QUARANTINED_MAX = 10;

/**
 * Decides about a failed batch:
 *
 * | the batch | action | counts against the sink | waits |
 * |---|---|---|---|
 * | has attempts left | retry | yes | yes |
 * | is exhausted and has several messages | split | only as a probe | only as a probe |
 * | is not retryable and has several messages | split | no: the sink answered | no |
 * | is one message, not retryable | give up | no: the sink answered | no |
 * | is one message, and there is no breaker | give up | – | no |
 * | is one message, and more wait behind it | quarantine | see below | no |
 * | is one message, and nothing waits | quarantine | yes | yes |
 * | is one message, and the quarantine is full | quarantine | yes | yes |
 *
 * A first message in quarantine is explained by its poison and is not counted; a second in a row is. One that comes back
 * from quarantine is not counted again, so that several poison messages in a row cannot keep a breaker open; beyond ten
 * they are counted, so that a sink that is down does not get ever more calls.
 */
export function verdictOf(failure: Failure, evidence: Evidence, rules: FailureRules): Verdict {
  const { size, attempts, isSplit, isRetryable, isTimedOut, wasQuarantined } = failure;
  const verdict = (action: FailureAction, isCounted: boolean, mustWait: boolean): Verdict => {
    return { action, countsAgainstSink: isCounted && !isTimedOut, mustWait };
  };
  if (isRetryable && !isSplit && attempts < rules.attempts) return verdict('retry', true, true);
  // An answer that is not retryable shows that the sink works.
  const isFailedProbe = evidence.isProbe && isRetryable;
  if (size > 1 && rules.isolate) return verdict('split', isFailedProbe, isFailedProbe);
  if (!isRetryable || !rules.needsEvidence) return verdict('give-up', isRetryable, false);
  const { quarantined, hasMore } = evidence;
  const isNews = (quarantined > 0 && !wasQuarantined) || quarantined >= FREE_QUARANTINED_MAX;
  return verdict('quarantine', isNews || !hasMore, !hasMore || quarantined >= rules.quarantineMax);
}
