import type { FeedView } from '../core/supervised-feed.ts';
import { reasonInWords } from '../facts/chart-words.ts';
import { duration } from './duration.ts';
import { between, type Findings, found } from './raised-alerts.ts';

/** When a router says that something is wrong with a feed. `Infinity`: never. */
export interface FeedLimits {
  /** No message came for so many ms, within its hours and whatever state it is in. Default: 60,000. */
  readonly silenceMs: number;
  /** Messages arrive so many ms after their own time. Default: 10,000. */
  readonly lagMs: number;
}

export const FEED_LIMITS: FeedLimits = { silenceMs: 60_000, lagMs: 10_000 };

/** So many connections or attempts that ended within the time are flapping, and it is over when fewer than so many did. */
export const ENDS_MAX = 5;
const ENDS_LOW = 3;
const ENDS_WITHIN_MS = 300_000;
/** One late message may be a snapshot: so many looks in a row must find one. */
const LATE_LOOKS = 3;
const NAMES_MAX = 5;

/** In these states no message is due. */
const RESTING: ReadonlySet<string> = new Set(['new', 'resting', 'failed', 'stopped']);

/** What a feed looked like the last time. */
export interface FeedSight {
  readonly received: number;
  /** When a message last came, or none was due, on the router's clock. */
  readonly heardAt: number;
  /** How many looks in a row found that the last message had come late. */
  readonly late: number;
}

/** Whether it may change without an event. */
export function isWatched({ state }: FeedView): boolean {
  return !RESTING.has(state);
}

/** Looks at a feed at `now`, after having looked `before`. */
export function feedSightOf(view: FeedView, before: FeedSight | undefined, limits: FeedLimits, now: number): FeedSight {
  const { isPaused, metrics } = view;
  const { lagMs, received } = metrics;
  const isNews = received !== (before?.received ?? 0);
  const isLate = lagMs !== null && lagMs >= limits.lagMs;
  return {
    received,
    // A feed whose socket is paused hears nothing because nobody has room.
    heardAt: isNews || isPaused || !isWatched(view) ? now : (before?.heardAt ?? now),
    late: isLate ? (before?.late ?? 0) + Number(isNews) : 0,
  };
}

/** What is wrong with a feed at `now`. `ends`: when its last connections ended, oldest first. */
export function feedFindings(
  view: FeedView,
  { heardAt, late }: FeedSight,
  ends: readonly number[],
  limits: FeedLimits,
  now: number,
): Findings {
  const silentMs = now - heardAt;
  const recent = ends.filter((at) => now - at < ENDS_WITHIN_MS);
  const [first = now] = recent;
  const lagMs = view.metrics.lagMs ?? 0;
  const refused = refusedInWords(view);
  return {
    'feed-silent':
      silentMs >= limits.silenceMs && found(`no message came for ${duration(silentMs)}; it is ${inWords(view)}`),
    'feed-refused': refused !== false && found(refused),
    'feed-flapping': between(
      recent.length,
      ENDS_MAX,
      ENDS_LOW,
      (ends) => `${ends} connections or attempts ended within ${duration(now - first)}; it is ${inWords(view)}`,
    ),
    'feed-lagging': between(late, LATE_LOOKS, 1, () => `messages arrive ${duration(lagMs)} after their own time`),
  };
}

function refusedInWords(view: FeedView): string | false {
  if (view.state === 'failed') return `${reasonInWords(view)}; it is not asked again`;
  const refused = Object.entries(view.subscriptions).flatMap(([name, each]) => (each === 'refused' ? [name] : []));
  if (refused.length === 0 || view.state === 'stopped') return false;
  const more = refused.length > NAMES_MAX ? ` and ${refused.length - NAMES_MAX} more` : '';
  return `the service refused ${refused.slice(0, NAMES_MAX).join(', ')}${more}`;
}

function inWords(view: FeedView): string {
  return view.state === 'streaming' ? 'streaming' : `${view.state} (${reasonInWords(view)})`;
}
