import type { Services } from '../channel/services.ts';
import type { ChannelEntry } from './channel-entry.ts';
import type { Definitions } from './definitions.ts';
import type { Feeds } from './feeds.ts';
import type { Sources } from './sources.ts';
import { Supervisor } from './supervisor.ts';
import { TakenOut } from './taken-out.ts';

/** The channels of a router: how they come, are replaced and go, one by one. */
export class Fleet {
  readonly supervisor: Supervisor;
  readonly takenOut: TakenOut;
  readonly #channels = new Map<string, ChannelEntry>();
  readonly channels: ReadonlyMap<string, ChannelEntry> = this.#channels;

  constructor(services: Services, definitions: Definitions, sources: Sources, feeds: Feeds) {
    this.takenOut = new TakenOut(services);
    this.supervisor = new Supervisor(services, definitions, sources.all, feeds, () => this.#handBackKept());
  }

  /** A stay of a source has ended: what waits of it goes back. */
  returnEnded(): void {
    for (const { partitions } of [...this.#channels.values(), ...this.takenOut.held])
      for (const partition of partitions) partition.returnEnded();
  }

  /** A channel that is added after the start is started at once. */
  add(channel: ChannelEntry): void {
    this.#channels.set(channel.name, channel);
    for (const partition of channel.partitions) this.supervisor.add(partition, channel);
  }

  /** Drains one channel; resolves when all of its partitions have ended. */
  async remove({ partitions }: ChannelEntry, drainAt: number): Promise<void> {
    for (const partition of partitions) partition.closeInbox(drainAt);
    const left = partitions.filter((partition) => this.supervisor.has(partition));
    await Promise.all(left.map((partition) => this.supervisor.drainOne(partition)));
  }

  /** A channel is gone. What it kept waits for a channel of its name to come back. */
  removed(channel: ChannelEntry): void {
    this.#channels.delete(channel.name);
    const isHeld = channel.partitions.some(({ depth }) => depth > 0);
    if (isHeld && this.supervisor.keeps(channel)) return this.takenOut.hold(channel);
    // An operator may have asked for the report while some partitions had ended already.
    for (const partition of channel.partitions) partition.handBack();
    this.takenOut.count(channel);
  }

  /** Lets a channel finish its batch and close, for a successor: it goes on taking messages in, and keeps them. */
  async prepareReplacement({ partitions }: ChannelEntry, closeMs: number): Promise<void> {
    const closings = partitions.map(async (partition) => {
      partition.pause(partition.isHeld, true);
      // A life that is over reports nothing any more, also not how its last call ends.
      if (partition.isAlive) await partition.delivery?.whenSettled();
      if (partition.isAlive) await this.supervisor.close(partition, closeMs);
    });
    await Promise.all(closings);
  }

  /** Puts a channel in the place of its predecessor, which is prepared; it takes over what waits and the counts. */
  replace(before: ChannelEntry, successor: ChannelEntry): void {
    for (const partition of before.partitions) this.supervisor.dispose(partition);
    before.breaker?.leave(before);
    this.#channels.set(successor.name, successor);
    successor.takeOver(before);
    this.add(successor);
  }

  /** The router stops: nothing comes back that could take over what was kept. */
  #handBackKept(): void {
    this.takenOut.handBack();
    // Some partitions of a channel may have ended before the others, and kept what they had.
    for (const { isKept, partitions } of [...this.#channels.values()])
      for (const partition of partitions) if (isKept && !this.supervisor.has(partition)) partition.handBack();
  }
}
