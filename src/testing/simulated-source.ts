import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import type { Assigned, SourceOwner } from '../core/source-port.ts';
import { type MemorySource, memorySource } from './memory-source.ts';
import { troubleFrom } from './trouble.ts';

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

const optionNames = { clock: true, partitions: true, seed: true, delayMs: true, failures: true } as const;

/** Creates a source in memory with delays and failures: some writes whose outcome is unknown were written, some were not. */
export function simulatedSource(options: SimulatedSourceOptions): SimulatedSource {
  checkOptions('simulatedSource', options, optionNames);
  const { clock, partitions = 1 } = options;
  const source = memorySource({ clock, partitions });
  const trouble = troubleFrom(options);
  const stays = new WeakMap<Assigned, Assigned>();
  /** What a killed process began does not go on in its successor. */
  let process = 0;
  const troubled = (owner: SourceOwner): SourceOwner => ({
    assigned(assigned) {
      const stay = troubledStay(assigned, trouble);
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
    calm: trouble.calm,
  };
}

/** The stay, whose answers come late and may fail. */
function troubledStay(stay: Assigned, trouble: ReturnType<typeof troubleFrom>): Assigned {
  return {
    partition: stay.partition,
    fence: stay.fence,
    takeovers: stay.takeovers,
    marked: stay.marked,
    lost: stay.lost,
    async read(room, signal) {
      await trouble.pass('the source failed while it was read');
      return stay.read(room, signal);
    },
    commit: (position, withinMs) => trouble.write(() => stay.commit(position, withinMs)),
    mark: (place, withinMs) => trouble.write(() => stay.mark(place, withinMs)),
    release: (position, withinMs) => trouble.write(() => stay.release(position, withinMs)),
  };
}
