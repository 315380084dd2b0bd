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
  const [only] = partitions;
  if (only === undefined) throw new RangeError('a channel has at least one partition');
  const at = (index: number): P => partitions[index % partitions.length] ?? only;
  if (by === 'key') return (key) => at(hash(key));
  if (by === 'least-loaded') return () => leastLoaded(partitions, only);
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

/** The lower 31 bits of FNV-1a. Source: Fowler, Noll, Vo; http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(key: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    value = Math.imul(value ^ key.charCodeAt(index), 0x01000193);
  }
  // V8 keeps 32 bits as a double, and the remainder of a double is slow.
  return value & 0x7fffffff;
}
