import type { CallTimes } from '../core/call-times.ts';
import type { Histogram } from '../core/histogram.ts';
import type { Mailbox } from '../core/mailbox.ts';

/**
 * Records how long the oldest `count` messages waited for the call that begins. Where readings of the clock are shared,
 * many messages in a row have waited equally long and are recorded as one.
 */
export function measureWaits(mailbox: Mailbox, count: number, { startedAt }: CallTimes, queueing: Histogram): void {
  let acceptedAt = mailbox.acceptedAtOf(0);
  if (mailbox.acceptedAtOf(count - 1) === acceptedAt) return queueing.record(startedAt - acceptedAt, count);
  let first = 0;
  for (let offset = 1; offset < count; offset += 1) {
    const next = mailbox.acceptedAtOf(offset);
    if (next === acceptedAt) continue;
    queueing.record(startedAt - acceptedAt, offset - first);
    acceptedAt = next;
    first = offset;
  }
  queueing.record(startedAt - acceptedAt, count - first);
}
