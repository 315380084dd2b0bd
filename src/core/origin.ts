/** How a message ended for good. */
export type Settlement = 'delivered' | 'dead-lettered' | 'dropped' | 'conflated';

/**
 * Where a message came from that wants to know when nothing more will happen to it. It travels beside the message through
 * mailbox, overflow, recovery, call and hand-over; what was routed without one has none and costs nothing.
 */
export interface Origin {
  /**
   * One message of it is settled; called once for each message and each channel that took it in. `error`: why it was
   * given up. A message that is handed back by `stop` is not settled. Must not throw.
   */
  settled(how: Settlement, error?: unknown): void;
}
