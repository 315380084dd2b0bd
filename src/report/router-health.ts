import type { ChannelView } from '../channel/partition-view.ts';
import type { SourceView } from '../source/source-view.ts';
import { reasonOf, worstOf } from './explain.ts';
import { type ChannelHealth, healthOf, type RouterHealth, worstStatus } from './health.ts';
import type { RouterView } from './metrics.ts';
import { sourceHealth } from './source-explain.ts';

/** The health of a router in this state of its statechart. `reason`: what is wrong with it beside its channels and sources. */
export function routerHealth(
  { channels, sources, stored, now }: RouterView,
  state: string,
  reason: string | null,
): RouterHealth {
  const health = Object.fromEntries([...channels].map(([name, channel]) => [name, channelHealth(channel, now)]));
  const healthOfSource = ({ view }: { readonly view: SourceView }) =>
    sourceHealth(view, channels, now, stored?.trouble);
  const read = Object.fromEntries([...sources].map(([name, source]) => [name, healthOfSource(source)]));
  const own = reason === null ? 'healthy' : 'degraded';
  const worst = worstStatus([own, ...[...Object.values(health), ...Object.values(read)].map(({ status }) => status)]);
  const ready = state === 'running' || state === 'degraded';
  const live = state !== 'failed' && state !== 'stopped';
  return { status: ready ? worst : 'unhealthy', state, live, ready, reason, channels: health, sources: read };
}

function channelHealth(channel: ChannelView, now: number): ChannelHealth {
  const view = worstOf(channel.partitions.map((partition) => partition.view));
  const { since, state } = view;
  return { status: healthOf(state), state, sinceMs: now - since, reason: reasonOf(view, channel) };
}
