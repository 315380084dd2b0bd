import type { ChannelView } from '../channel/partition-view.ts';
import type { FeedView } from '../core/supervised-feed.ts';
import type { SourceView } from '../source/source-view.ts';
import { reasonOf, worstOf } from './explain.ts';
import { feedHealth } from './feed-info.ts';
import { type ChannelHealth, healthOf, healthWith, type RouterHealth, worstStatus } from './health.ts';
import type { RouterView } from './metrics.ts';
import { ROUTER } from './raised-alerts.ts';
import { sourceHealth } from './source-explain.ts';

/** The health of a router in this state of its statechart. What has an alert is at best `degraded`. */
export function routerHealth(view: RouterView, state: string): RouterHealth {
  const { channels, feeds, sources, now } = view;
  const reason = view.trouble(ROUTER);
  const healthOfChannel = (channel: ChannelView) =>
    channelHealth(channel, view.trouble({ channel: channel.name }), now);
  const health = Object.fromEntries([...channels].map(([name, channel]) => [name, healthOfChannel(channel)]));
  const healthOfSource = (source: string, read: SourceView) =>
    sourceHealth(read, now, view.trouble({ channel: null, source }));
  const read = Object.fromEntries([...sources].map(([name, source]) => [name, healthOfSource(name, source.view)]));
  const healthOfFeed = (feed: FeedView) => feedHealth(feed, view.trouble({ channel: null, feed: feed.name }));
  const own = reason === null ? 'healthy' : 'degraded';
  const fed = Object.fromEntries([...feeds].map(([name, feed]) => [name, healthOfFeed(feed.view)]));
  const all = [health, read, fed].flatMap((each) => Object.values(each).map(({ status }) => status));
  const worst = worstStatus([own, ...all]);
  const ready = state === 'running' || state === 'degraded';
  const live = state !== 'failed' && state !== 'stopped';
  const status = ready ? worst : 'unhealthy';
  return { status, state, live, ready, reason, channels: health, sources: read, feeds: fed };
}

function channelHealth(channel: ChannelView, trouble: string | null, now: number): ChannelHealth {
  const view = worstOf(channel.partitions.map((partition) => partition.view));
  const { since, state } = view;
  const status = healthWith(state, trouble);
  const reason = (status === healthOf(state) ? null : trouble) ?? reasonOf(view, channel);
  return { status, state, sinceMs: now - since, reason };
}
