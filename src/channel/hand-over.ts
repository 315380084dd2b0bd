import { Counter } from '../core/counters.ts';
import type { Slot } from './slot.ts';

/** The slot that now serves a message; `key`: if it was read already. */
type SlotFor = (message: unknown, key?: string) => Slot;

/**
 * A channel's new slots take over from those before a reload: what waits goes to the slot that now serves its key, in
 * order, and the counts go on. Nothing may be in flight. Nobody is told of anything before all of it has moved: whoever
 * listens may look at the counts.
 */
export function handOver(before: readonly Slot[], slotFor: SlotFor, first: Slot): void {
  for (const slot of before) {
    for (const segment of slot.recovery.takeAll()) {
      for (const [target, messages] of groupBy(segment.messages, slotFor)) {
        target.recovery.append({ ...segment, messages });
      }
    }
    const { mailbox } = slot;
    for (let offset = 0; offset < mailbox.size; offset += 1) {
      const [message, key] = [mailbox.messageOf(offset), mailbox.keyOf(offset)];
      slotFor(message, key).receive(message, key, mailbox.acceptedAtOf(offset), mailbox.sequenceOf(offset));
    }
    mailbox.drain();
    for (const index of Object.values(Counter)) first.counters[index] += slot.counters[index];
  }
  for (const slot of before) {
    slot.publishGaps();
    moveOffers(slot, slotFor);
  }
}

/** Hands offers that wait to the slots that now serve them. */
function moveOffers({ offers }: Slot, slotFor: SlotFor): void {
  const slots = new Set<Slot>();
  offers.moveTo((message, key) => {
    const slot = slotFor(message, key);
    slots.add(slot);
    return slot.offers;
  });
  for (const slot of slots) slot.admitWaiters();
}

function groupBy(messages: readonly unknown[], slotFor: SlotFor): Map<Slot, unknown[]> {
  const groups = new Map<Slot, unknown[]>();
  for (const message of messages) {
    const slot = slotFor(message);
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [message]);
    else group.push(message);
  }
  return groups;
}
