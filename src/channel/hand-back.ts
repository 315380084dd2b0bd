import type { Clock } from '../core/clock.ts';
import { Counter } from '../core/counters.ts';
import { isOver, type Origins } from '../core/origin.ts';
import type { Inbox } from './inbox.ts';
import type { Lane } from './lane.ts';

/** A channel, as the doors of its partitions. */
interface Doors {
  readonly partitions: readonly { readonly inbox: Pick<Inbox, 'isRefusing'> }[];
}

/**
 * Takes everything that waits out of a lane, and returns in order the messages that belong to the host. Messages
 * with an origin go back there.
 */
export function handBack({ counters, inbox, recovery }: Lane): readonly unknown[] {
  const returned: unknown[] = [];
  for (const { messages, origins } of [...recovery.takeAll(), inbox.drain()]) {
    counters[Counter.returned] += messages.length;
    for (const message of toHost(messages, origins, 'returned')) returned.push(message);
  }
  return returned;
}

/** Hands back the waiting messages of a stay that has ended: the next owner of the partition brings them again. */
export function returnEnded({ inbox, recovery, returned }: Lane): void {
  recovery.returnEnded();
  if (!inbox.allOrigins.some(isOver)) return;
  const waiting = [...inbox.entries()];
  inbox.drain();
  for (const [message, key, acceptedAt, sequence, origin] of waiting) {
    if (isOver(origin)) returned(origin);
    else inbox.receive(message, key, acceptedAt, sequence, origin);
  }
  inbox.countFlushed(0);
  inbox.admitOffers();
}

/**
 * Tells the origins of messages that their channel has ended; returns the messages that have none, which are the host's.
 * To hand the others to the host as well would bring them twice.
 */
export function toHost(
  messages: readonly unknown[],
  origins: Origins | undefined,
  how: 'returned' | 'unsettled',
): readonly unknown[] {
  if (origins === undefined) return messages;
  for (const origin of origins) origin?.handedBack(how);
  return messages.filter((_, index) => origins[index]?.source === undefined);
}

/** Resolves when no waiting offer is still to be refused: very many are refused in several turns of the event loop. */
export async function whenRefused(channels: readonly Doors[], clock: Clock): Promise<void> {
  const inboxes = channels.flatMap(({ partitions }) => partitions.map(({ inbox }) => inbox));
  while (inboxes.some(({ isRefusing }) => isRefusing))
    await new Promise<void>((resolve) => void clock.setImmediate(resolve));
}

/** Runs one part of a stop: what it throws is counted, and the other parts run all the same. */
export function partOfStop({ channel, services }: Lane, part: () => void): void {
  try {
    part();
  } catch (error) {
    services.bus.fault('stop', error, channel);
  }
}
