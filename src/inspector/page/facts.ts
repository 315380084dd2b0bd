import type { ChannelRow, FeedRow, SourceRow } from '../protocol.ts';
import type { Facts } from './cards.ts';
import { count, duration, rate } from './format.ts';
import type { History } from './history.ts';

/** What the card of a channel says of a moment. */
export function channelFacts({ name, oldestMs, breaker, restarts }: ChannelRow, history: History, at: number): Facts {
  const rates = history.ratesAt(name, at);
  const queueing = history.spreadAt(name, at, 'queueing');
  return [
    ['in', rates === undefined ? '–' : `${rate(rates.received)}/s`],
    ['out', rates === undefined ? '–' : `${rate(rates.delivered)}/s`],
    ['oldest', lasting(oldestMs)],
    ['wait p50', lasting(queueing?.p50Ms)],
    ['wait p99', lasting(queueing?.p99Ms)],
    ['call p99', lasting(history.spreadAt(name, at, 'processing')?.p99Ms)],
    ['breaker', breaker?.state ?? 'none', breaker?.state === 'open' ? 'bad' : 'plain'],
    ['restarts', count(restarts), restarts > 0 ? 'wait' : 'plain'],
  ];
}

export function sourceFacts({ read, committed, held, oldestMs, partitions }: SourceRow): Facts {
  return [
    ['read', count(read)],
    ['committed', count(committed)],
    ['held', count(held)],
    ['oldest', lasting(oldestMs)],
    ['partitions', count(partitions)],
  ];
}

export function feedFacts({ received, delivered, lastMessageAgeMs, lagMs, reconnects, gaps }: FeedRow): Facts {
  return [
    ['received', count(received)],
    ['delivered', count(delivered)],
    ['quiet for', lasting(lastMessageAgeMs)],
    ['lag', lasting(lagMs === null ? null : Math.max(0, lagMs))],
    ['reconnects', count(reconnects)],
    ['open gaps', count(gaps.found - gaps.closed)],
  ];
}

function lasting(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '–' : duration(ms);
}
