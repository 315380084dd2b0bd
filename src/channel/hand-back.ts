import { Counter } from '../core/counters.ts';
import type { Origins } from '../core/origin.ts';
import type { Lane } from './lane.ts';

/**
 * Takes everything that waits out of a lane, so many messages; returns what is the host's, in order, for whoever stops the
 * channel. Messages with an origin go back there.
 */
export function handBack({ counters, inbox, recovery }: Lane) {
  const returned: unknown[] = [];
  let count = 0;
  for (const { messages, origins } of [...recovery.takeAll(), inbox.drain()]) {
    count += messages.length;
    for (const message of toHost(messages, origins, 'returned')) returned.push(message);
  }
  counters[Counter.returned] += count;
  return { count, returned };
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

/** Runs one part of a stop: what it throws is counted, and the other parts run all the same. */
export function partOfStop({ channel, services }: Lane, part: () => void): void {
  try {
    part();
  } catch (error) {
    services.bus.fault('stop', error, channel);
  }
}
