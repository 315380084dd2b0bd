import { CLOSE_MS_MIN } from '../channel/life.ts';
import type { PartitionView } from '../channel/partition-view.ts';
import type { ChannelConfig } from '../config/schema.ts';
import { duration } from './duration.ts';

/** What ends a state. */
export interface Ending {
  /** What it is, in a few words. */
  readonly by: string;
  /** In how many ms, if a timer does; null: no timer. */
  readonly inMs: number | null;
  /** The same as a sentence. */
  readonly sentence: string;
}

/** What ends the present state of a partition, as of `now`. */
export function endingOf(view: PartitionView, config: ChannelConfig, now: number): Ending {
  const end = (by: string, sentence: string): Ending => ({ by, inMs: null, sentence });
  const endAt = (at: number, by: string, sentence: (inWords: string) => string): Ending => {
    const inMs = Math.max(0, at - now);
    return { by, inMs, sentence: sentence(duration(inMs)) };
  };
  const { since, state } = view;
  if (view.isReplaced && state !== 'closing')
    return end('a reload', 'Its replacement takes over once the batch in flight is done.');
  switch (state) {
    case 'new':
      return end('the start of the router', 'It starts with the router.');
    case 'warming':
      return endAt(since + config.warmUpTimeoutMs, 'warmUp', (ms) => `It fails unless warmUp is done within ${ms}.`);
    case 'idle':
      return end('the next message', 'It waits for the next message.');
    case 'buffering':
      return endAt(view.oldestAcceptedAt + config.timeoutMs, 'a full batch or its age', (ms) => {
        return `The batch goes out as soon as it is full, or in ${ms} at the latest.`;
      });
    case 'flushing':
      return end('a pause in traffic', 'It goes idle when traffic pauses.');
    case 'retrying':
      return endAt(view.retryAt, 'the next attempt', (ms) => `The next attempt is in ${ms}.`);
    case 'isolating':
      return end('finding the poison messages', 'Normal delivery resumes once they are found.');
    case 'tripped':
      if (view.probeAt === Number.POSITIVE_INFINITY)
        return end('reset by hand', 'The breaker stays open until an operator resets it.');
      return endAt(view.probeAt, 'the first probe', (ms) => `The first probe is in ${ms}.`);
    case 'probing':
      return end('its probes', 'The breaker closes after enough successful probes; one failed probe opens it again.');
    case 'paused':
      return end('resume by hand', 'It stays paused until an operator resumes it.');
    case 'draining':
      return endAt(view.drainAt, 'the end of the drain', (ms) => `The drain ends within ${ms}.`);
    case 'closing':
      return endAt(
        Math.max(since + CLOSE_MS_MIN, view.drainAt),
        'close',
        (ms) => `It stops once close is done, within ${ms}.`,
      );
    case 'failed':
      if (view.isGivenUp)
        return end('restart by hand', 'It failed too often and is not restarted; an operator can restart it.');
      return endAt(view.restartAt, 'its restart', (ms) => `It restarts in ${ms}.`);
    default:
      return end('nothing', 'It does not start again.');
  }
}
