import type { ChannelView } from '../channel/partition-view.ts';
import { reasonOf, worstOf } from './explain.ts';
import { type ChannelHealth, healthOf, type RouterHealth, worstStatus } from './health.ts';
import type { RouterView } from './metrics.ts';
import { sourceHealth } from './source-explain.ts';

/** The health of a router in this state of its statechart. `refusing`: who refuses most of what comes, in words. */
export function routerHealth(
  { channels, sources, now }: RouterView,
  state: string,
  refusing: ReadonlyMap<string | null, string>,
): RouterHealth {
  const health = Object.fromEntries(
    [...channels].map(([name, channel]) => [name, channelHealth(channel, now, refusing.get(name))]),
  );
  const read = Object.fromEntries([...sources].map(([name, { view }]) => [name, sourceHealth(view, channels, now)]));
  const reason = refusing.get(null) ?? null;
  const own = reason === null ? 'healthy' : 'degraded';
  const worst = worstStatus([own, ...[...Object.values(health), ...Object.values(read)].map(({ status }) => status)]);
  const ready = state === 'running' || state === 'degraded';
  const live = state !== 'failed' && state !== 'stopped';
  return { status: ready ? worst : 'unhealthy', state, live, ready, reason, channels: health, sources: read };
}

function channelHealth(channel: ChannelView, now: number, refusing: string | undefined): ChannelHealth {
  const view = worstOf(channel.partitions.map((partition) => partition.view));
  const { since, state } = view;
  const [status, reason] = [healthOf(state), reasonOf(view, channel)];
  if (refusing === undefined) return { status, state, sinceMs: now - since, reason };
  return { status: worstStatus([status, 'degraded']), state, sinceMs: now - since, reason: `${reason}; ${refusing}` };
}
