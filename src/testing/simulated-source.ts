import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { type MemorySource, sourceWith } from './memory-source.ts';
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
  const trouble = troubleFrom(options);
  return { ...sourceWith(trouble, options), calm: trouble.calm };
}
