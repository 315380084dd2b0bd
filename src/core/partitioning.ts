import { partitionOf } from './partition-of.ts';

/** What partitioning asks of a partition: how much waits in it, and whether it delivers. */
export interface Target {
  readonly depth: number;
  readonly canDeliver: boolean;
}

/** The partition that a message with this key belongs to. */
export type Partitioning<P extends Target> = (key: string) => P;

/** By key (the same key, the same partition), or where order does not matter in turn or to the least loaded. */
export function createPartitioning<P extends Target>(
  partitions: readonly P[],
  by: 'key' | 'round-robin' | 'least-loaded',
): Partitioning<P> {
  const [first] = partitions;
  if (first === undefined) throw new RangeError('a channel has at least one partition');
  const at = (index: number): P => partitions[index % partitions.length] ?? first;
  if (by === 'key') return (key) => at(partitionOf(key, partitions.length));
  if (by === 'least-loaded') return () => leastLoaded(partitions, first);
  let turn = -1;
  return () => {
    turn += 1;
    for (let passed = 0; passed < partitions.length && !at(turn).canDeliver; passed += 1) turn += 1;
    return at(turn);
  };
}

/** A partition that cannot deliver is passed over while another one can. */
function leastLoaded<P extends Target>(partitions: readonly P[], first: P): P {
  let best = first;
  for (const partition of partitions) {
    const isBetter = partition.canDeliver === best.canDeliver ? partition.depth < best.depth : partition.canDeliver;
    if (isBetter) best = partition;
  }
  return best;
}
