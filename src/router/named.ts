import { SluiceError } from '../core/sluice-error.ts';
import { type Explanation, explain } from '../report/explain.ts';
import { explainFeed } from '../report/feed-info.ts';
import { explainPartition, explainSource } from '../report/source-explain.ts';
import type { ChannelEntry } from './channel-entry.ts';
import type { RouterParts } from './parts.ts';

/** Throws `SluiceError` `unknown-channel`. */
export function channelNamed({ fleet: { channels } }: Pick<RouterParts, 'fleet'>, name: string): ChannelEntry {
  const channel = channels.get(name);
  if (channel !== undefined) return channel;
  throw new SluiceError('unknown-channel', `no channel '${String(name)}'; there is ${[...channels.keys()].join(', ')}`);
}

/** Throws if nothing can be added any more, or if there is a channel, a source or a feed of this name. */
export function assertFree({ feeds, fleet, sources }: RouterParts, name: string): void {
  if (fleet.supervisor.isStopping) throw new SluiceError('not-running', 'the router was stopped');
  for (const [kind, all] of Object.entries({ channel: fleet.channels, source: sources.all, feed: feeds.all }))
    if (all.has(name)) throw new SluiceError('duplicate-channel', `there is a ${kind} '${name}' already`);
}

/** Explains the channel, the source or the feed of this name; they have no name in common. `ticks/3`: a partition of a source. */
export function explainNamed(parts: RouterParts, name: string): Explanation {
  const { feeds, fleet, intake, services, sources } = parts;
  const now = services.clock.now();
  const source = sources.all.get(name);
  if (source !== undefined) return explainSource(source.view, fleet.channels, now, services.letterRoom.trouble);
  const [, sharing = '', number = ''] = /^(.*)\/(\d+)$/.exec(String(name)) ?? [];
  const shared = sources.all.get(sharing);
  const partition = shared && explainPartition(shared.view, number, fleet.channels, now);
  if (partition !== undefined) return partition;
  const fed = feeds.all.get(name);
  if (fed !== undefined) return explainFeed(fed.feed);
  return explain(channelNamed(parts, name), now, fleet.channels, intake.waitedFor);
}
