import type { ChannelSource } from '../channel/channel-source.ts';
import type { Partition } from '../channel/partition.ts';
import { checkOptions } from '../config/options.ts';
import type { Breaker } from '../core/breaker.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import type { ChannelEntry } from './channel-entry.ts';
import { assertFree, channelNamed } from './named.ts';
import { addChannel, type RouterParts } from './parts.ts';
import type { ChannelInput } from './router-options.ts';

/** Registers another channel, unless its name is taken. */
export function addByHand(parts: RouterParts, name: string, source: ChannelSource, config: ChannelInput): void {
  // A caller without types may give anything.
  if (typeof name !== 'string') throw invalidOption('add: the name must be a string');
  assertFree(parts, name);
  const { definitions, services } = parts;
  services.bus.changes.during(() =>
    addChannel(
      parts,
      name,
      definitions.add(name, source, config, () => assertFree(parts, name)),
    ),
  );
}

/** Opens the breaker of a channel. Throws `SluiceError`: `invalid-option`, `unknown-channel`, or `refused` if it has none. */
export function orderTrip(parts: RouterParts, name: string, options: { readonly coolDownMs?: number }): void {
  checkOptions('trip', options, { coolDownMs: true });
  const { coolDownMs } = options;
  if (coolDownMs !== undefined && !(typeof coolDownMs === 'number' && coolDownMs >= 0))
    throw invalidOption(`trip: coolDownMs must be a number of ms from 0, or Infinity, got ${String(coolDownMs)}`);
  orderBreaker(parts, name, (breaker) => breaker.trip(coolDownMs));
}

/** Closes the breaker of a channel, and ends every wait for another attempt. Throws as `orderTrip`. */
export function orderReset(parts: RouterParts, name: string): void {
  orderBreaker(parts, name, (breaker, { partitions }) => {
    for (const partition of partitions) partition.endWaits();
    breaker.reset();
  });
}

function orderBreaker(parts: RouterParts, name: string, order: (breaker: Breaker, channel: ChannelEntry) => void) {
  if (channelNamed(parts, name).breaker === undefined)
    throw new SluiceError('refused', `channel '${name}' has no breaker: its configuration says breaker: false`);
  orderChannels(parts, name, (channel) => channel.breaker && order(channel.breaker, channel));
}

/** Orders something of each partition of a channel, or of all. Throws `SluiceError` `unknown-channel`. */
export function orderPartitions(parts: RouterParts, name: string | undefined, order: (partition: Partition) => void) {
  if (name !== undefined) channelNamed(parts, name);
  orderChannels(parts, name, ({ partitions }) => partitions.forEach(order));
}

/** Starts the channel, the source or the feed of this name anew; they have no name in common. */
export function orderRestart(parts: RouterParts, name: string): void {
  const { feeds, fleet, services, sources } = parts;
  const source = sources.all.get(name);
  if (source !== undefined) return services.bus.changes.carryOut(() => source.restart());
  const feed = feeds.all.get(name)?.feed;
  if (feed !== undefined) return services.bus.changes.carryOut(() => feed.reconnect());
  orderPartitions(parts, name, (partition) => fleet.supervisor.restartByHand(partition));
}

/** Writes what is recorded. Rejects with `SluiceError` `refused` if nothing is. */
export function orderRecord({ recorder }: RouterParts, reason: string): Promise<readonly string[]> {
  const text = 'nothing is recorded: the router was made without the option recorder';
  // The promise of the recorder itself: a caller that ignores it gets no unhandled rejection.
  return recorder?.write(reason) ?? Promise.reject(new SluiceError('refused', text));
}

/** A change that is under way may take the channel out, or put another in its place: that one is meant. */
function orderChannels(
  { fleet: { channels }, services }: RouterParts,
  name: string | undefined,
  order: (channel: ChannelEntry) => void,
): void {
  services.bus.changes.carryOut(() => {
    const chosen = name === undefined ? [...channels.values()] : [channels.get(name)];
    for (const channel of chosen) if (channel !== undefined) order(channel);
  });
}
