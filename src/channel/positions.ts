import type { Origins, SourcePlace } from '../core/origin.ts';

/** What of a batch came from one stay at one partition of a source. */
export interface SourcePositions extends Omit<SourcePlace, 'position'> {
  /** The lowest and the highest position of its frames in the batch. */
  readonly lowest: number;
  readonly highest: number;
}

const NONE: readonly SourcePositions[] = Object.freeze([]);

/** Where the messages of a batch lie in their sources; none: they came from none. */
export function positionsOf(origins: Origins | undefined): readonly SourcePositions[] {
  if (origins === undefined) return NONE;
  const stays = new Map<string, SourcePositions>();
  // A frame brings many messages in a row.
  for (const origin of new Set(origins.map((each) => each?.of ?? each))) {
    const place = origin?.place;
    if (place === undefined) continue;
    const { source, partition, fence, position } = place;
    const key = `${source}/${partition}/${fence}`;
    const { lowest = position, highest = position } = stays.get(key) ?? {};
    stays.set(key, {
      ...{ source, partition, fence },
      lowest: Math.min(lowest, position),
      highest: Math.max(highest, position),
    });
  }
  return [...stays.values()];
}
