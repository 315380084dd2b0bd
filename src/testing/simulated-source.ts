import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { createRandom } from '../core/random.ts';
import type { Assigned, CommitOutcome, Frame, MessagePlace, ReadRoom, SourceOwner } from '../core/source-port.ts';
import { type MemorySource, memorySource } from './memory-source.ts';
import { Trouble } from './trouble.ts';

/** A memory source that answers late and fails, both from a seed. */
export interface SimulatedSource extends MemorySource {
  /** From now on it neither delays nor fails. */
  calm(): void;
}

/** How a simulated source is made. */
export interface SimulatedSourceOptions {
  readonly clock: Clock;
  /** 1 by default. */
  readonly partitions?: number;
  /** The same seed, the same delays and failures. Default 1. */
  readonly seed?: number;
  /** No answer takes longer, in ms. Default 0: it answers at once. */
  readonly delayMs?: number;
  /** How many of 100 starts, reads and writes about positions fail. Default 0. */
  readonly failures?: number;
}

/** Creates a source in memory with delays and failures: some writes whose outcome is unknown were written, some were not. */
export function simulatedSource(options: SimulatedSourceOptions): SimulatedSource {
  checkOptions('simulatedSource', options, {
    clock: true,
    partitions: true,
    seed: true,
    delayMs: true,
    failures: true,
  });
  const { clock, partitions = 1, seed = 1, delayMs = 0, failures = 0 } = options;
  const source = memorySource({ clock, partitions });
  const trouble = new Trouble(clock, createRandom(seed), delayMs, failures / 100);
  const stays = new WeakMap<Assigned, Assigned>();
  /** What a killed process began does not go on in its successor. */
  let process = 0;
  const troubled = (owner: SourceOwner): SourceOwner => ({
    assigned(assigned) {
      const stay = new TroubledStay(assigned, trouble);
      stays.set(assigned, stay);
      owner.assigned(stay);
    },
    revoke: (assigned, withinMs) => owner.revoke(stays.get(assigned) ?? assigned, withinMs),
  });
  return {
    ...source,
    async start(owner) {
      const own = process;
      await trouble.pass('the source cannot be reached');
      if (own !== process) throw new Error('the process was killed while it started');
      await source.start(troubled(owner));
    },
    async close(withinMs) {
      const own = process;
      await trouble.delay();
      if (own === process) await source.close(withinMs);
    },
    kill() {
      process += 1;
      source.kill();
    },
    calm: () => trouble.end(),
  };
}

class TroubledStay implements Assigned {
  readonly partition: number;
  readonly fence: number;
  readonly takeovers: number;
  readonly marked: MessagePlace | undefined;
  readonly lost: AbortSignal;
  readonly #stay: Assigned;
  readonly #trouble: Trouble;

  constructor(stay: Assigned, trouble: Trouble) {
    this.partition = stay.partition;
    this.fence = stay.fence;
    this.takeovers = stay.takeovers;
    this.marked = stay.marked;
    this.lost = stay.lost;
    this.#stay = stay;
    this.#trouble = trouble;
  }

  async read(room: ReadRoom, signal: AbortSignal): Promise<readonly Frame[]> {
    await this.#trouble.pass('the source failed while it was read');
    return this.#stay.read(room, signal);
  }

  commit(position: number): Promise<CommitOutcome> {
    return this.#trouble.write(() => this.#stay.commit(position, 0));
  }

  mark(place: MessagePlace): Promise<CommitOutcome> {
    return this.#trouble.write(() => this.#stay.mark(place, 0));
  }

  release(position: number | undefined): Promise<CommitOutcome> {
    return this.#trouble.write(() => this.#stay.release(position, 0));
  }
}
