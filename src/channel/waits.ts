import type { Histogram } from '../core/histogram.ts';
import type { Mailbox } from '../core/mailbox.ts';
import type { Lane } from './lane.ts';

/** Takes so many of the oldest new messages for a call, and measures their waits. One comes without an array. */
export function takeNew({ clock, inbox: { mailbox }, owner: { queueing }, times }: Lane, count: number): unknown {
  times.begin(clock.now, mailbox.acceptedAtOf(0));
  if (count === 1) {
    queueing.recordWait(times);
    return mailbox.shift();
  }
  measureWaits(mailbox, count, times.startedAt, queueing);
  return mailbox.take(count);
}

/** Where readings of the clock are shared, many messages in a row have waited equally long and are recorded as one. */
function measureWaits(mailbox: Mailbox, count: number, startedAt: number, queueing: Histogram): void {
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
