import type { EventOf } from '../channel/processing-channel.ts';
import type { ChannelFactories } from './plan.ts';

/** What the channels of a router emit: the channel's name, and its event. */
export type Emitted<Channels extends ChannelFactories> = {
  [Name in keyof Channels & string]: { readonly channel: Name; readonly event: EventOf<ReturnType<Channels[Name]>> };
}[keyof Channels & string];

/** The same of channels nobody knows anything of. */
export interface AnyEmitted {
  readonly channel: string;
  readonly event: unknown;
}
