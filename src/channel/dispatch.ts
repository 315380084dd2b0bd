import type { Breaker } from '../core/breaker.ts';
import type { PumpMode } from '../core/channel-port.ts';
import { Counter } from '../core/counters.ts';
import type { Trigger } from '../core/trigger.ts';
import { Call } from './call.ts';
import type { Slot } from './slot.ts';

/** Why the next call is due; undefined: none is. */
export function triggerOf(slot: Slot, mode: PumpMode): Trigger | undefined {
  const { mailbox, recovery } = slot;
  if (mode === 'flush' && recovery.size === 0) return slot.dueTrigger();
  // Something failed before, or the statechart wants more than what is due.
  if (mode === 'isolate' && !recovery.isIsolating && !recovery.hasSuspects) return undefined;
  if (recovery.hasSegments) return mode === 'drain' || mode === 'probe' ? mode : 'size';
  if (mailbox.size === 0) return undefined;
  // What is set aside waits for what comes next.
  return mode === 'drain' ? 'drain' : 'probe';
}

/** The breaker lets one more call through; `requestTurn` is called when it may. */
export function isAdmitted(slot: Slot, breaker: Breaker, mode: PumpMode, requestTurn: () => void): boolean {
  if (breaker.state === 'closed') return true;
  if ((mode !== 'probe' && mode !== 'drain') || !breaker.probe(requestTurn)) return false;
  slot.probedIn = breaker.opened;
  return true;
}

/** Begins the next call: what failed before goes first. */
export function begin(slot: Slot, trigger: Trigger): Call | undefined {
  const call = again(slot) ?? beginWithNew(slot, trigger);
  if (trigger !== 'size') call.note({ trigger });
  if (!slot.gaps.isEmpty) call.note({ gaps: slot.publishGaps() });
  if (slot.offers.size > 0) slot.admitWaiters();
  // Who was told of its gaps has ended this life: the batch is at the head again.
  return call.isOver ? undefined : call;
}

/** Begins a call with new messages. */
function beginWithNew(slot: Slot, trigger: Trigger): Call {
  const count = Math.min(slot.mailbox.size, slot.config.batchSize);
  if (trigger !== 'size') slot.counters[Counter[trigger]] += 1;
  slot.flushLeft = Math.max(0, slot.flushLeft - count);
  slot.startedAt = slot.turns.now;
  slot.startedWith = slot.mailbox.acceptedAtOf(0);
  return goOut(slot, takeBatch(slot, count));
}

/** Takes so many of the oldest messages. Where readings of the clock are shared, many in a row have waited equally long. */
export function takeBatch({ mailbox, queueing, startedAt, startedWith }: Slot, count: number): readonly unknown[] {
  let acceptedAt = startedWith;
  let first = 0;
  for (let offset = 1; offset < count; offset += 1) {
    const next = mailbox.acceptedAtOf(offset);
    if (next === acceptedAt) continue;
    queueing.record(startedAt - acceptedAt, offset - first);
    acceptedAt = next;
    first = offset;
  }
  queueing.record(startedAt - acceptedAt, count - first);
  return mailbox.take(count);
}

function goOut(slot: Slot, messages: readonly unknown[]): Call {
  slot.plainCall ??= new Call(slot);
  const call = slot.plainCall;
  call.begin(messages.length, messages, true);
  slot.call = call;
  slot.counters[Counter.inFlight] += messages.length;
  slot.counters[Counter.calls] += 1;
  slot.breaker?.callStarted(slot);
  return call;
}

/** A call with messages that failed before; undefined: there are none, or new ones will show what they are worth. */
function again(slot: Slot): Call | undefined {
  const held = slot.recovery.take(slot.config.batchSize);
  if (held === undefined) return undefined;
  slot.startedAt = slot.turns.now;
  slot.startedWith = held.acceptedAt;
  slot.counters[Counter.retries] += 1;
  const call = goOut(slot, held.messages);
  call.note({ before: held });
  return call;
}
