import { SluiceError } from '../core/sluice-error.ts';
import { type Explanation, explain } from '../report/explain.ts';
import { sharersOf } from '../report/sharing.ts';
import { explainSource } from '../report/source-explain.ts';
import type { ChannelEntry } from './channel-entry.ts';
import type { RouterParts } from './parts.ts';

/** Throws `SluiceError` `unknown-channel`. */
export function channelNamed({ fleet: { channels } }: Pick<RouterParts, 'fleet'>, name: string): ChannelEntry {
  const channel = channels.get(name);
  if (channel !== undefined) return channel;
  throw new SluiceError('unknown-channel', `no channel '${String(name)}'; there is ${[...channels.keys()].join(', ')}`);
}

/** Explains the channel or the source of this name; they have no name in common. */
export function explainNamed(parts: RouterParts, name: string): Explanation {
  const { fleet, intake, services, sources, stored } = parts;
  const now = services.clock.now();
  const source = sources.all.get(name);
  if (source !== undefined) return explainSource(source.view, fleet.channels, now, stored?.trouble);
  const channel = channelNamed(parts, name);
  return explain(channel, now, sharersOf(fleet.channels, channel), intake.waitedFor);
}
