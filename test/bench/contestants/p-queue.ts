import PQueue from 'p-queue';
import { Batcher, joinLanes } from '../contestant.ts';

/** p-queue, one task at a time, behind a user's own buffer. */
export const open = joinLanes((spec) => {
  const queue = new PQueue({ concurrency: 1 });
  return new Batcher(spec, (batch) => void queue.add(async () => spec.process(batch)));
});
