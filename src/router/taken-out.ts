import type { Partition } from '../channel/partition.ts';
import type { Services } from '../channel/services.ts';
import { giveUpAll } from '../channel/settlement.ts';
import { addLedgers, type Ledger } from '../core/ledger.ts';
import { channelMetrics } from '../report/metrics.ts';
import type { ChannelEntry } from './channel-entry.ts';

/** How long messages wait for a channel to come back before they become dead letters, in ms. */
const HOLD_MS = 60_000;

/**
 * Channels that were taken out. Of one that a reload took out, what was not delivered is held: a channel of that name
 * that comes back takes it over; else it becomes dead letters, or is handed back when the router stops before.
 */
export class TakenOut {
  readonly #services: Services;
  readonly #held = new Map<string, { readonly channel: ChannelEntry; readonly timer: unknown }>();
  #gone = addLedgers([]);

  constructor(services: Services) {
    this.#services = services;
  }

  /** Those that may come back. */
  get held(): readonly ChannelEntry[] {
    return [...this.#held.values()].map(({ channel }) => channel);
  }

  /** The counts of all of them. */
  get ledger(): Ledger {
    return addLedgers([this.#gone, ...this.held.map((channel) => channelMetrics(channel))]);
  }

  /** Nothing is left of it but its counts. Of the channel as a whole: a reload may have moved a message between partitions. */
  count(channel: ChannelEntry): void {
    this.#gone = addLedgers([this.#gone, channelMetrics(channel)]);
  }

  /** Keeps what a channel still has. */
  hold(channel: ChannelEntry): void {
    const { bus, clock } = this.#services;
    const { name, partitions } = channel;
    const why = `a reload took channel ${name} out, and it did not come back within ${HOLD_MS / 1_000} s`;
    const giveUp = (): void => this.#end(name, ({ lane }) => giveUpAll(lane, why));
    const timer = clock.setTimeout(() => bus.changes.during(giveUp), HOLD_MS);
    this.#held.set(name, { channel, timer });
    const count = partitions.reduce((sum, { depth }) => sum + depth, 0);
    bus.publish('messages.held', { channel: name, count, forMs: HOLD_MS });
  }

  /** A channel of that name comes back: undefined if nothing is held for it. */
  takeBack(name: string): ChannelEntry | undefined {
    const held = this.#held.get(name);
    this.#held.delete(name);
    this.#services.clock.clearTimeout(held?.timer);
    return held?.channel;
  }

  /** The router stops: what is held is handed back. */
  handBack(): void {
    for (const { name } of this.held) this.#end(name, (partition) => partition.handBack());
  }

  #end(name: string, end: (partition: Partition) => void): void {
    const channel = this.takeBack(name);
    if (channel === undefined) return;
    channel.partitions.forEach(end);
    this.count(channel);
  }
}
