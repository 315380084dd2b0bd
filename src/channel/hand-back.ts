import { Counter } from '../core/counters.ts';
import type { Lane } from './lane.ts';

/** Takes everything that waits out of a lane, in order, for whoever stops its channel. */
export function handBack({ counters, inbox, recovery }: Lane): readonly unknown[] {
  const returned: unknown[] = [];
  for (const { messages } of recovery.takeAll()) for (const message of messages) returned.push(message);
  for (const message of inbox.drain()) returned.push(message);
  counters[Counter.returned] += returned.length;
  return returned;
}

/** Runs one part of a stop: what it throws is counted, and the other parts run all the same. */
export function partOfStop({ channel, services }: Lane, part: () => void): void {
  try {
    part();
  } catch (error) {
    services.bus.fault('stop', error, channel);
  }
}
