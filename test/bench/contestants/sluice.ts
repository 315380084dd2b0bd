import { createRouter, type DataChannelRouter, ProcessingChannel } from 'sluice';
import { type LaneSpec, nextTurn, type Open, type Process } from '../contestant.ts';
import type { Message, MessageType } from '../message.ts';

/** The data types that ship with sluice, by the `ev` of their messages. */
export const channelNames: Readonly<Record<MessageType, string>> = { T: 'tick', AM: 'ohlcv', FMV: 'fmv' };

/** A channel as a user writes it. */
export class Sink extends ProcessingChannel<Message> {
  readonly #process: Process;

  constructor(process: Process) {
    super();
    this.#process = process;
  }

  override process(batch: readonly Message[]): Promise<void> | undefined {
    return this.#process(batch);
  }
}

type ChannelInput = NonNullable<Parameters<DataChannelRouter['add']>[2]>;

/** A router whose channels are the lanes; what a lane does not say keeps its default. */
export function createLanesRouter(
  lanes: readonly LaneSpec[],
  channel: ChannelInput = {},
  inspect?: (event: { readonly type: string }) => void,
): DataChannelRouter {
  const named = lanes.map((lane) => [channelNames[lane.type], lane] as const);
  return createRouter({
    config: {
      channels: Object.fromEntries(
        named.map(([name, { priority, batchSize, timeoutMs, capacity }]) => [
          name,
          { priority, batchSize, timeoutMs, capacity, ...channel },
        ]),
      ),
    },
    channels: Object.fromEntries(named.map(([name, lane]) => [name, () => new Sink(lane.process)])),
    ...(inspect && { inspect }),
  });
}

/** Pushes by `route`, which says at once when there is no room. */
export function intakeOf(router: DataChannelRouter) {
  return {
    push: (message: Message): boolean => router.route(message).status === 'accepted',
    room: nextTurn,
    async close(): Promise<void> {
      await router.stop({ deadlineMs: 1_000 });
    },
  };
}

export const open: Open = async (lanes) => {
  const router = createLanesRouter(lanes);
  await router.start();
  return intakeOf(router);
};
