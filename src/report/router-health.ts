import type { ChannelView } from '../channel/partition-view.ts';
import type { SourceView } from '../source/source-view.ts';
import { reasonOf, worstOf } from './explain.ts';
import { feedHealth } from './feed-info.ts';
import { type ChannelHealth, healthOf, type RouterHealth, worstStatus } from './health.ts';
import type { RouterView } from './metrics.ts';
import { sourceHealth } from './source-explain.ts';

/** The health of a router in this state of its statechart. `reason`: what is wrong with it beside its channels, sources and feeds. */
export function routerHealth(
  { channels, feeds, feedTrouble, sources, stored, now }: RouterView,
  state: string,
  reason: string | null,
): RouterHealth {
  const health = Object.fromEntries([...channels].map(([name, channel]) => [name, channelHealth(channel, now)]));
  const healthOfSource = ({ view }: { readonly view: SourceView }) =>
    sourceHealth(view, channels, now, stored?.trouble);
  const read = Object.fromEntries([...sources].map(([name, source]) => [name, healthOfSource(source)]));
  const own = reason === null ? 'healthy' : 'degraded';
  const fed = Object.fromEntries([...feeds].map(([name, { view }]) => [name, feedHealth(view, feedTrouble(name))]));
  const all = [health, read, fed].flatMap((each) => Object.values(each).map(({ status }) => status));
  const worst = worstStatus([own, ...all]);
  const ready = state === 'running' || state === 'degraded';
  const live = state !== 'failed' && state !== 'stopped';
  const status = ready ? worst : 'unhealthy';
  return { status, state, live, ready, reason, channels: health, sources: read, feeds: fed };
}

function channelHealth(channel: ChannelView, now: number): ChannelHealth {
  const view = worstOf(channel.partitions.map((partition) => partition.view));
  const { since, state } = view;
  return { status: healthOf(state), state, sinceMs: now - since, reason: reasonOf(view, channel) };
}
