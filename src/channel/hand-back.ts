import { Counter } from '../core/counters.ts';
import { isOver, type Origins } from '../core/origin.ts';
import type { Call } from './call.ts';
import { type Lane, originsIn } from './lane.ts';

export const NO_MESSAGES: readonly unknown[] = Object.freeze([]);

/** What a partition hands back before it has ended: one object for all of them. */
export const NO_RETURNS = {
  /** What waited, in order. */
  returnedMessages: NO_MESSAGES,
  /** What was in flight in a call that never settled. */
  unsettledMessages: NO_MESSAGES,
  /** With those that went back to their origins. */
  unsettledCount: 0,
};

/** What a partition hands back when it ends. A message with an origin goes back there instead, or it would come twice. */
type Returns = Readonly<typeof NO_RETURNS>;

/** Adds the messages of a call that nobody will hear of any more; undefined: none is out. */
export function withUnsettled(before: Returns, call: Call | undefined): Returns {
  const unsettledMessages = toHost(call?.messages ?? NO_MESSAGES, call?.details.origins, 'unsettled');
  return { ...before, unsettledCount: call?.size ?? 0, unsettledMessages };
}

/** Adds everything that waits in a lane, and takes it out of there. */
export function withWaiting(before: Returns, { counters, inbox, recovery }: Lane): Returns {
  const returned: unknown[] = [];
  for (const { messages, origins } of [...recovery.takeAll(), inbox.mailbox.drain()]) {
    counters[Counter.returned] += messages.length;
    for (const message of toHost(messages, origins, 'returned')) returned.push(message);
  }
  // Seldom both: only a channel that was kept may be asked twice.
  const { returnedMessages } = before;
  return { ...before, returnedMessages: returnedMessages.length === 0 ? returned : returnedMessages.concat(returned) };
}

/** Hands back the waiting messages of a stay that has ended: the next owner of the partition brings them again. */
export function returnEnded(lane: Lane): void {
  const { inbox, recovery } = lane;
  recovery.returnEnded();
  if (!originsIn(inbox).some(isOver)) return;
  const waiting = [...inbox.mailbox.entries()];
  inbox.mailbox.drain();
  for (const [message, key, acceptedAt, sequence, origin] of waiting) {
    if (isOver(origin)) lane.returned(origin);
    else inbox.overflow.place(message, key, acceptedAt, sequence, origin);
  }
  inbox.due.countTaken(0);
  inbox.admitOffers();
}

/** Tells the origins of messages that their channel has ended; returns the messages that have none. */
function toHost(messages: readonly unknown[], origins: Origins | undefined, how: 'returned' | 'unsettled') {
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
