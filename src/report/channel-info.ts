import { type ChannelView, type PartitionView, viewOf } from '../channel/partition-view.ts';
import type { ChannelConfig } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import { worstState } from './health.ts';

/** One channel as its host may see it: a plain reading of one moment. */
export interface ChannelInfo {
  readonly name: string;
  /** The configuration in force, every field filled in. */
  readonly config: ChannelConfig;
  /** The state of the channel; of several partitions, the worst. */
  readonly state: string;
  readonly partitions: readonly PartitionInfo[];
}

/** One partition of a channel. */
export interface PartitionInfo extends Pick<PartitionView, 'id' | 'state' | 'waiting' | 'inFlight'> {
  /** How long it has been in this state, in ms. */
  readonly sinceMs: number;
  /** How long the oldest message has waited, in ms; 0: none waits. */
  readonly oldestMs: number;
}

/** Reads channels as they are. */
export function channelInfos(channels: ReadonlyMap<string, ChannelView>, clock: Pick<Clock, 'now'>) {
  return new Map([...channels].map(([key, channel]) => [key, infoOf(channel, clock.now())]));
}

/** Reads the channels of each data type as they are. */
export function registryInfos(registry: ReadonlyMap<string, readonly ChannelView[]>, clock: Pick<Clock, 'now'>) {
  return new Map([...registry].map(([dataType, all]) => [dataType, all.map((each) => infoOf(each, clock.now()))]));
}

function infoOf({ name, config, partitions }: ChannelView, now: number): ChannelInfo {
  const infos = partitions.map((partition): PartitionInfo => {
    const { id, state, since, waiting, inFlight, oldestAcceptedAt } = viewOf(partition);
    return { id, state, sinceMs: now - since, waiting, inFlight, oldestMs: Math.max(0, now - oldestAcceptedAt) };
  });
  return { name, config, state: worstState(infos.map(({ state }) => state)), partitions: infos };
}
