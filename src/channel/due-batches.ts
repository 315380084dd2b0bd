import type { ChannelConfig } from '../config/schema.ts';
import type { Mailbox } from '../core/mailbox.ts';
import type { Trigger } from '../core/trigger.ts';
import type { Services } from './services.ts';

/** Is woken when so many messages wait in an inbox. */
export interface Waker {
  wake(): void;
  /** Delivers a message that would be the only one to wait, without a stay in the mailbox. False: it is to be taken in. */
  deliverAtOnce?(message: unknown): boolean;
}

/** When a batch of new messages is due: it is full, old enough, or asked for. */
export class DueBatches {
  private readonly inbox: { readonly mailbox: Mailbox; readonly limits: ChannelConfig; readonly services: Services };
  /** So many of the oldest messages are due by request. */
  requested = 0;

  constructor(inbox: DueBatches['inbox']) {
    this.inbox = inbox;
  }

  /** Everything accepted so far is due now. */
  request(): void {
    this.requested = this.inbox.mailbox.size;
  }

  /** So many messages that may be due by request are taken. A request never holds for more than waits. */
  countTaken(count: number): void {
    this.requested = Math.max(0, Math.min(this.requested - count, this.inbox.mailbox.size));
  }

  /** Why a batch of new messages is due; undefined: none is. */
  get trigger(): Trigger | undefined {
    const { size } = this.inbox.mailbox;
    if (size === 0) return undefined;
    return size >= this.inbox.limits.batchSize ? 'size' : this.beforeFull();
  }

  /** Until a message that was accepted then has waited `timeoutMs`, in ms. */
  inMs(acceptedAt = this.inbox.mailbox.oldestAcceptedAt): number {
    return Math.max(0, acceptedAt + this.inbox.limits.timeoutMs - this.inbox.services.clock.now());
  }

  private beforeFull(): Trigger | undefined {
    if (this.requested > 0) return 'request';
    const waitedMs = this.inbox.services.clock.now() - this.inbox.mailbox.oldestAcceptedAt;
    return waitedMs >= this.inbox.limits.timeoutMs ? 'age' : undefined;
  }
}
