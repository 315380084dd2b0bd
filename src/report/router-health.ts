import { type ChannelView, viewOf } from '../channel/partition-view.ts';
import { reasonInWords } from '../facts/chart-words.ts';
import { reasonOf, worstOf } from './explain.ts';
import { type ChannelHealth, eachOf, healthIn, healthOf, type RouterHealth, worstStatus } from './health.ts';
import type { RouterView } from './metrics.ts';
import { ROUTER } from './raised-alerts.ts';

/** The health of a router in this state of its statechart. What has an alert is at best `degraded`. */
export function routerHealth(router: RouterView, state: string): RouterHealth {
  const { now } = router;
  const reason = router.trouble(ROUTER);
  const channels = eachOf(router.channels, (each, channel) => channelHealth(each, router.trouble({ channel }), now));
  const sources = eachOf(router.sources, ({ view }, source) =>
    healthIn(view.state, now - view.since, reasonInWords(view), router.trouble({ channel: null, source })),
  );
  const feeds = eachOf(router.feeds, ({ feed: { view } }, feed) =>
    healthIn(view.state, view.forMs, reasonInWords(view), router.trouble({ channel: null, feed })),
  );
  const all = [channels, sources, feeds].flatMap((each) => Object.values(each).map(({ status }) => status));
  const ready = state === 'running' || state === 'degraded';
  const live = state !== 'failed' && state !== 'stopped';
  const status = ready ? worstStatus([reason === null ? 'healthy' : 'degraded', ...all]) : 'unhealthy';
  return { status, state, live, ready, reason, channels, sources, feeds };
}

/** An alert that makes it no worse says less than the state does. */
function channelHealth(channel: ChannelView, trouble: string | null, now: number): ChannelHealth {
  const view = worstOf(channel.partitions.map(viewOf));
  const why = reasonOf(view, channel);
  const health = healthIn(view.state, now - view.since, why, trouble);
  return health.status === healthOf(view.state) ? { ...health, reason: why } : health;
}
