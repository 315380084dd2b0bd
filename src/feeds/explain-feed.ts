import { errorText } from '../core/error-text.ts';
import type { FeedState, FeedView } from '../core/supervised-feed.ts';
import { causeInWords } from '../facts/chart-words.ts';
import { seconds } from '../report/duration.ts';

/** After so many ms without a message a stream that is alive is called quiet. */
const QUIET_MS = 10_000;
const SUBSCRIPTIONS_MAX = 5;

/** Why messages come or do not, in a sentence or two. */
export function explainFeed(view: FeedView, wallTime: number): string {
  return `Feed ${view.name} ${SENTENCES[view.state](view, wallTime)}`;
}

const SENTENCES: Readonly<Record<FeedState, (view: FeedView, wallTime: number) => string>> = {
  new: () => 'was not started.',
  connecting: ({ url, forMs }) => `has been connecting to ${url} for ${seconds(forMs)}.`,
  authenticating: ({ url, forMs }) =>
    `is connected to ${url} and has waited for the answer to its login for ${seconds(forMs)}.`,
  subscribing: (view) =>
    `is connected to ${view.url} and has waited for ${seconds(view.forMs)} for the answer to its subscriptions: ${named(view, 'asked')}.`,
  streaming,
  waiting: (view) =>
    `waits: ${reason(view)}. Attempt ${view.metrics.failures + 1} comes in ${seconds(view.retryInMs ?? 0)}.`,
  resting: () => 'rests: it is outside of its hours, and connects when they begin.',
  failed: (view) => `failed: ${reason(view)}. It does not try again until feed.reconnect() is called.`,
  stopped: ({ metrics: { returned } }) =>
    `is stopped${returned > 0 ? `; ${returned} messages that waited for room were handed back` : ''}.`,
};

function streaming(view: FeedView, wallTime: number): string {
  const { metrics, forMs, isPaused } = view;
  const refused = Object.values(view.subscriptions).includes('refused') ? ` Refused: ${named(view, 'refused')}.` : '';
  const gaps = metrics.gaps.found - metrics.gaps.closed;
  const open = gaps > 0 ? ` ${gaps} ${gaps === 1 ? 'gap is' : 'gaps are'} open.` : '';
  const { garbage } = metrics;
  const times = garbage === 1 ? 'Once' : `${garbage} times`;
  const wasted = garbage > 0 ? ` ${times} something came that is no message (feed.garbage).` : '';
  const tail = `${refused}${open}${wasted}`;
  if (isPaused) return `streams, but its socket is paused: ${metrics.held} messages wait for room.${tail}`;
  const quietMs = metrics.lastMessageAt === null ? forMs : wallTime - metrics.lastMessageAt;
  if (quietMs < QUIET_MS) return `streams: ${metrics.received} messages so far.${tail}`;
  const alive = view.quietMs !== null && view.quietMs < quietMs ? 'only other frames, such as pings' : 'nothing';
  const last = metrics.lastMessageAt === null ? 'no message has come' : 'the last message came then';
  return `streams, but is quiet: for ${seconds(quietMs)} ${alive} came, and ${last}.${tail}`;
}

function reason({ cause, error }: FeedView): string {
  // The sentence has a full stop of its own.
  if (error !== undefined) return errorText(error).replace(/\.$/, '');
  return causeInWords(cause);
}

function named({ subscriptions }: FeedView, standing: string): string {
  const names = Object.entries(subscriptions).flatMap(([name, each]) => (each === standing ? [name] : []));
  const more = names.length - SUBSCRIPTIONS_MAX;
  return `${names.slice(0, SUBSCRIPTIONS_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
