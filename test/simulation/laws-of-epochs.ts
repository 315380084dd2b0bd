import type { Account, SinkCall } from './account.ts';

/** Only calls that began after a breaker had opened may close it again. */
export function checkClosed(account: Account, cause: string): string[] {
  const { config, name } = account;
  const { breaker } = config;
  if (cause !== 'probes-passed' || !isJudged(account) || !breaker) return [];
  // A sink that refuses a message for good has shown that it works.
  const isPassed = ({ batch, isSuccess, named }: SinkCall): boolean =>
    isSuccess === true ? named.size < batch.length : isSuccess === false && isRefused({ batch });
  const passed = trialsOf(account).filter(isPassed);
  const { probes = 1 } = breaker;
  if (passed.length >= probes) return [];
  return [`${name}: the breaker closed after ${passed.length} successful probes of its own stay, ${probes} are needed`];
}

/** Only a call that began after a breaker had opened can be the probe that failed. */
export function checkOpened(account: Account, cause: string, now: number): string[] {
  const { config, name } = account;
  const { breaker, processTimeoutMs = Number.POSITIVE_INFINITY } = config;
  if (cause !== 'probe-failed' || !isJudged(account) || !breaker) return [];
  const tooLongMs = Math.min(breaker.slowCallMs ?? Number.POSITIVE_INFINITY, processTimeoutMs);
  const isFailed = (call: SinkCall): boolean =>
    (call.isSuccess === false && !isRefused(call)) ||
    call.named.size > 0 ||
    Math.min(now, call.endedAt) - call.startedAt >= tooLongMs;
  if (trialsOf(account).some(isFailed)) return [];
  return [`${name}: the breaker opened because a probe failed, but none of its own stay has`];
}

/** The sink said that a message will never do: that shows that it works. */
function isRefused({ batch }: Pick<SinkCall, 'batch'>): boolean {
  return batch.some(({ mark }) => mark === 'refused');
}

/** A breaker of its own, with the limits it always had. */
function isJudged({ wasReloaded, openedAt, config }: Account): boolean {
  const isShared = Boolean(config.breaker && config.breaker.shared !== undefined);
  return !wasReloaded && !isShared && openedAt !== Number.POSITIVE_INFINITY;
}

function trialsOf({ calls, openedAt }: Account): readonly SinkCall[] {
  return calls.filter(({ startedAt }) => startedAt >= openedAt);
}
