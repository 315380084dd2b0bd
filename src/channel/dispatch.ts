import { Counter } from '../core/counters.ts';
import type { Trigger } from '../core/trigger.ts';
import { Call } from './call.ts';
import type { Slot } from './slot.ts';

/** A batch is full, nothing failed or was dropped, the breaker is calm, and nobody waits: no call needs less care. */
export function isSteady({ breaker, config, flushLeft, gaps, mailbox, offers, recovery }: Slot): boolean {
  if (mailbox.size < config.batchSize || breaker?.isAlert === true) return false;
  return recovery.size === 0 && gaps.isEmpty && offers.size === 0 && flushLeft === 0;
}

/** Begins the next call: what failed before goes first, cut to what the breaker allows. */
export function begin(slot: Slot, trigger: Trigger): Call {
  const limit = slot.breaker?.batchLimit(slot.config.batchSize) ?? slot.config.batchSize;
  const call = again(slot, trigger, limit) ?? beginWithNew(slot, share(slot, trigger, limit));
  if (trigger !== 'size') call.note({ trigger });
  if (!slot.gaps.isEmpty) call.note({ gaps: slot.publishGaps() });
  if (slot.offers.size > 0) slot.admitWaiters();
  return call;
}

/** Begins a call with so many of the new messages. */
export function beginWithNew(slot: Slot, count: number): Call {
  const { mailbox, queueing, turns } = slot;
  slot.startedAt = turns.now;
  slot.startedWith = mailbox.acceptedAtOf(0);
  for (let offset = 0; offset < count; offset += 1) queueing.record(turns.now - mailbox.acceptedAtOf(offset));
  return count === 1 ? goOut(slot, 1, mailbox.shift(), false) : goOut(slot, count, mailbox.take(count), true);
}

function goOut(slot: Slot, size: number, load: unknown, isList: boolean): Call {
  const { breaker, counters } = slot;
  const call = new Call(slot, size, load, isList);
  slot.call = call;
  counters[Counter.inFlight] += size;
  counters[Counter.calls] += 1;
  if (breaker !== undefined) breaker.callStarted(slot);
  return call;
}

/** How many of the new messages the next call gets. */
function share(slot: Slot, trigger: Trigger, limit: number): number {
  const count = Math.min(slot.mailbox.size, limit);
  if (trigger !== 'size') slot.counters[Counter[trigger]] += 1;
  slot.flushLeft = Math.max(0, slot.flushLeft - count);
  return count;
}

/** A call with messages that failed before; undefined: there are none, or new ones will show what they are worth. */
function again(slot: Slot, trigger: Trigger, limit: number): Call | undefined {
  const held = slot.recovery.take(limit);
  if (held === undefined) return undefined;
  slot.startedAt = slot.turns.now;
  slot.startedWith = held.acceptedAt;
  slot.counters[Counter.retries] += 1;
  // Trials and the search for poison have bounds of their own.
  if (trigger !== 'probe' && !held.isSplit) slot.retryBudget.spend();
  const call = goOut(slot, held.messages.length, held.messages, true);
  call.note({ before: held });
  return call;
}
