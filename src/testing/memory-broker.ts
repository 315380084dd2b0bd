import type { ClusterOptions } from '../cluster/cluster-options.ts';
import { ClusterSource } from '../cluster/cluster-source.ts';
import { encodeFrame } from '../cluster/frame.ts';
import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { createRandom } from '../core/random.ts';
import { type BrokerFaults, MemoryLink } from './memory-link.ts';
import { createMemoryStore, reachStore } from './memory-store.ts';

/** How a broker in memory is made. */
export interface MemoryBrokerOptions {
  readonly clock: Clock;
  /** 1 by default. */
  readonly partitions?: number;
  /** Of the faults and of the names of members; 1 by default. */
  readonly seed?: number;
  readonly faults?: BrokerFaults;
  /** An append beyond so many frames of a partition rejects with `store-full`; no limit by default. */
  readonly framesMax?: number;
}

/** A broker in memory for tests: what it keeps is shared by all who join it. */
export interface MemoryBroker {
  /** A source of one more member. Give it a clock of its own to stop that member alone. */
  join(options?: ClusterOptions, clock?: Clock): ClusterMember;
  /** Adds one frame and returns its position. */
  append(messages: readonly unknown[], partition?: number): number;
  /** Adds bytes as they are. */
  appendBytes(bytes: Uint8Array, partition?: number): number;
  /** Removes the frames up to this position, as retention does. */
  remove(position: number, partition?: number): void;
  /** The partition loses all frames above this position, as after a power failure. */
  goBack(position: number, partition?: number): void;
  /** From now on; until then those of the options. */
  setFaults(faults: BrokerFaults): void;
}

/** One member of a broker in memory. */
export interface ClusterMember {
  readonly source: ClusterSource;
  /** True: nothing of this member reaches the broker. */
  cut(isCut: boolean): void;
}

/** Creates a broker whose members share its partitions by the same leases as on a real one. */
export function memoryBroker(options: MemoryBrokerOptions): MemoryBroker {
  checkOptions('memoryBroker', options, { clock: true, partitions: true, seed: true, faults: true, framesMax: true });
  const { clock, partitions = 1, seed = 1 } = options;
  const store = createMemoryStore(clock, partitions, options.framesMax);
  const random = createRandom(seed);
  let { faults = {} } = options;

  return {
    join(member = {}, memberClock = clock) {
      const link = new MemoryLink(clock, random, () => faults);
      const broker = reachStore(store, link);
      const source = new ClusterSource({ name: 'memory', broker, clock: memberClock, random }, member);
      return { source, cut: (isCut) => link.cut(isCut) };
    },
    append: (messages, partition) =>
      store.logOf(partition).append(
        encodeFrame(
          messages.map((message) => JSON.stringify(message)),
          partitions,
        ),
      ),
    appendBytes: (bytes, partition) => store.logOf(partition).append(bytes),
    remove: (position, partition) => store.logOf(partition).removeBelow(position + 1),
    goBack: (position, partition) => store.logOf(partition).goBack(position),
    setFaults(changed) {
      faults = changed;
    },
  };
}
