import type { ClusterView } from '../core/cluster-view.ts';
import type { SourceCounts, SourceView } from '../source/source-view.ts';

/** Everything measured of one source; frames are counted, not messages. */
export interface SourceMetrics extends SourceCounts {
  readonly state: string;
  /** How many partitions belong to this process. */
  readonly partitions: number;
  /** How long the oldest frame that is not settled has been here, in ms; 0: there is none. */
  readonly oldestMs: number;
  /** Positions that were removed before they were read. */
  readonly missed: number;
  /** Starts after a failure. */
  readonly restarts: number;
  /** Of a source that shares its partitions with other processes: who has which. */
  readonly cluster?: ClusterView;
}

/** Reads a source at `now`. */
export function sourceMetrics(view: SourceView, now: number): SourceMetrics {
  const { source, state, partitions, read, committed, left, held, places, missed, restarts } = view;
  const cluster = source.cluster?.();
  const oldestAt = Math.min(...partitions.map(({ oldest }) => oldest?.readAt ?? now), now);
  return {
    state,
    partitions: partitions.length,
    ...{ read, committed, left, held, places },
    oldestMs: now - oldestAt,
    missed,
    restarts,
    ...(cluster && { cluster }),
  };
}

/** The law of sources: every frame that was read is committed, was left to the next owner, or is in one of the places. */
export function isSourceConserved({ read, committed, left, held, places }: SourceCounts): boolean {
  const placed = Object.values(places).reduce((sum, count) => sum + count, 0);
  return read === committed + left + held && held === placed;
}
