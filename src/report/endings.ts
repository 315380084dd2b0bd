import { CLOSE_MS_MIN } from '../channel/life.ts';
import type { PartitionView } from '../channel/partition-view.ts';
import type { ChannelConfig } from '../config/schema.ts';

/** What ends a state: in a few words, as a sentence, and when if a timer does. `%` stands for the time until then. */
type Ending = readonly [by: string, sentence: string, at?: (view: PartitionView, config: ChannelConfig) => number];

const ENDINGS: Readonly<Record<string, Ending>> = {
  new: ['the start of the router', 'It starts with the router.'],
  warming: [
    'warmUp',
    'It fails unless warmUp is done within %.',
    ({ since }, config) => since + config.warmUpTimeoutMs,
  ],
  idle: ['the next message', 'It waits for the next message.'],
  buffering: [
    'a full batch or its age',
    'The batch goes out as soon as it is full, or in % at the latest.',
    ({ oldestAcceptedAt }, config) => oldestAcceptedAt + config.timeoutMs,
  ],
  flushing: ['a pause in traffic', 'It goes idle when traffic pauses.'],
  retrying: ['the next attempt', 'The next attempt is in %.', ({ retryAt }) => retryAt],
  isolating: ['finding the poison messages', 'Normal delivery resumes once they are found.'],
  tripped: ['the first probe', 'The first probe is in %.', ({ probeAt }) => probeAt],
  probing: ['its probes', 'The breaker closes after enough successful probes; one failed probe opens it again.'],
  paused: ['resume by hand', 'It stays paused until an operator resumes it.'],
  draining: ['the end of the drain', 'The drain ends within %.', ({ drainAt }) => drainAt],
  closing: [
    'close',
    'It stops once close is done, within %.',
    ({ since, drainAt }) => Math.max(since + CLOSE_MS_MIN, drainAt),
  ],
  failed: ['its restart', 'It restarts in %.', ({ restartAt }) => restartAt],
};
const REPLACED: Ending = ['a reload', 'Its replacement takes over once the batch in flight is done.'];
const HELD_OPEN: Ending = ['reset by hand', 'The breaker stays open until an operator resets it.'];
const GIVEN_UP: Ending = ['restart by hand', 'It failed too often and is not restarted; an operator can restart it.'];
const NEVER: Ending = ['nothing', 'It does not start again.'];

/** What ends the present state of a partition, as of `now`; `inMs` is null where no timer does. */
export function endingOf(view: PartitionView, config: ChannelConfig, now: number) {
  const [by, sentence, at] = endingFor(view);
  const inMs = at === undefined ? null : Math.max(0, at(view, config) - now);
  return { by, inMs, sentence: inMs === null ? sentence : sentence.replace('%', duration(inMs)) };
}

function endingFor({ isGivenUp, isReplaced, probeAt, state }: PartitionView): Ending {
  if (isReplaced && state !== 'closing') return REPLACED;
  if (state === 'tripped' && probeAt === Number.POSITIVE_INFINITY) return HELD_OPEN;
  if (state === 'failed' && isGivenUp) return GIVEN_UP;
  return ENDINGS[state] ?? NEVER;
}

/** A duration in ms, as people say it. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
