import type { ClusterView, HandOver } from '../core/cluster-view.ts';
import type { Reading } from '../metrics/reading.ts';

const HAND_OVERS_MAX = 200;

/** What all workers see of the clusters they take part in, as one view for each source. */
export class JoinedClusters {
  /** Of workers that ended, too. */
  readonly #handOvers = new Map<string, Map<string, HandOver>>();

  /** The longest running worker comes first: it has seen most. */
  join(readings: readonly Reading[]): Readonly<Record<string, ClusterView>> {
    const names = new Set(readings.flatMap(({ metrics }) => Object.keys(metrics.sources)));
    return Object.fromEntries(
      [...names].flatMap((name) => {
        const views = readings.flatMap(({ metrics }) => metrics.sources[name]?.cluster ?? []);
        const [first] = views;
        return first === undefined ? [] : [[name, this.#joined(name, first, views)]];
      }),
    );
  }

  #joined(name: string, first: ClusterView, views: readonly ClusterView[]): ClusterView {
    // The owner knows best what its partition is doing.
    const partitions = first.partitions.map((status) => {
      const owners = views.find(({ member }) => member === status.owner);
      const owned = owners?.partitions[status.partition] ?? status;
      // One that has just taken it has not measured yet.
      return { ...owned, lag: owned.lag ?? status.lag };
    });
    const known = this.#handOvers.get(name) ?? new Map<string, HandOver>();
    this.#handOvers.set(name, known);
    for (const each of views.flatMap(({ handOvers }) => handOvers)) {
      const key = `${each.partition} ${each.fence} ${each.to}`;
      const before = known.get(key);
      // Who came later saw only what had become of it.
      if (before === undefined || each.at < before.at) known.set(key, each);
    }
    const handOvers = [...known.values()].sort((a, b) => a.at - b.at).slice(-HAND_OVERS_MAX);
    for (const [key, each] of known) if (!handOvers.includes(each)) known.delete(key);
    return { ...first, partitions, handOvers };
  }
}
