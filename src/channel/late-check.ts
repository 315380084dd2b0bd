import { Counter } from '../core/counters.ts';
import type { Origin } from '../core/origin.ts';
import type { Inbox } from './inbox.ts';

/**
 * Checks what waits since before there was an instance: payloads take the places of their messages, and what is refused
 * becomes a dead letter `invalid`. Nothing is published before all of it has been checked: a listener may look.
 */
export function checkWaiting(inbox: Inbox): void {
  const { counters, owner, limits, mailbox, overflow, services } = inbox;
  // Meanwhile the messages are in no mailbox, and the life that checks them has not begun, so orders of the host wait.
  services.bus.changes.undisturbed(() => {
    const waiting = [...mailbox.entries()];
    mailbox.drain();
    const refused: (readonly [message: unknown, error: unknown, origin: Origin | undefined])[] = [];
    for (const [message, key, acceptedAt, sequence, origin] of waiting) {
      try {
        overflow.place(inbox.payloadOf(message, false), key ?? owner.keyOf(message), acceptedAt, sequence, origin);
      } catch (error) {
        refused.push([message, error, origin]);
      }
    }
    counters[Counter.deadLettered] += refused.length;
    counters[Counter['invalid-later']] += refused.length;
    for (const [message, error, origin] of refused)
      services.keepDeadLetter(limits.name, 'invalid', message, error, 0, origin);
  });
}
