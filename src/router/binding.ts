import type { ChannelMetrics } from '../channel/channel-metrics.ts';
import type { Partition } from '../channel/partition.ts';
import type { ChannelView } from '../channel/partition-view.ts';
import type { ChannelBinding } from '../channel/processing-channel.ts';
import type { ChannelConfig } from '../config/schema.ts';
import { channelMetrics } from '../report/metrics.ts';

/** What an instance of a channel reads. An object of a class: five closures would cost each channel a third of a kilobyte. */
export class Binding implements ChannelBinding {
  readonly #channel: ChannelView;
  readonly #partition: Partition;

  constructor(channel: ChannelView, partition: Partition) {
    this.#channel = channel;
    this.#partition = partition;
  }

  config(): ChannelConfig {
    return this.#channel.config;
  }

  queue(): { readonly size: number; readonly capacity: number } {
    return this.#partition.inbox.mailbox;
  }

  batch(): readonly unknown[] {
    return this.#partition.batch;
  }

  lastBatchAt(): number {
    return this.#partition.lane.times.startedAt;
  }

  metrics(): ChannelMetrics {
    return channelMetrics(this.#channel);
  }
}
