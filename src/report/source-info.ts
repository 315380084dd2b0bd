import type { Clock } from '../core/clock.ts';
import type { SourceView, StayView } from '../source/source-view.ts';

/** One source as its host may see it: a plain reading of one moment. */
export interface SourceInfo {
  readonly name: string;
  readonly state: string;
  /** How long it has been in this state, in ms. */
  readonly sinceMs: number;
  /** The partitions that belong to this process. */
  readonly partitions: readonly SourcePartitionInfo[];
}

/** One partition of a source. Frames are counted, not messages. */
export interface SourcePartitionInfo
  extends Pick<StayView, 'partition' | 'fence' | 'read' | 'committed' | 'held' | 'places' | 'isRevoking'> {
  /** By what its window is full; null: it has room. */
  readonly fullBy: 'frames' | 'bytes' | 'age' | null;
  /** The oldest frame that is not settled; null: all are. */
  readonly oldestPosition: number | null;
  /** How long that has been here, in ms; 0: there is none. */
  readonly oldestMs: number;
}

/** Reads sources as they are. */
export function sourceInfos(sources: ReadonlyMap<string, { readonly view: SourceView }>, clock: Pick<Clock, 'now'>) {
  return new Map([...sources].map(([name, { view }]) => [name, infoOf(view, clock.now())]));
}

function infoOf({ name, state, since, partitions }: SourceView, now: number): SourceInfo {
  const infos = partitions.map((stay): SourcePartitionInfo => {
    const { partition, fence, read, committed, held, places, isRevoking, fullBy, oldest } = stay;
    return {
      ...{ partition, fence, read, committed, held, places, isRevoking },
      fullBy: fullBy ?? null,
      oldestPosition: oldest?.position ?? null,
      oldestMs: oldest === undefined ? 0 : now - oldest.readAt,
    };
  });
  return { name, state, sinceMs: now - since, partitions: infos };
}
