import PQueue from 'p-queue';
import { Batcher } from '../batcher.ts';
import { joinLanes } from '../contestant.ts';

/** p-queue, one task at a time, behind a user's own buffer. */
export const open = joinLanes((spec) => {
  const queue = new PQueue({ concurrency: 1 });
  const batcher = new Batcher(spec, (batch) => {
    queue.add(async () => spec.process(batch)).catch(() => {});
  });
  return {
    push(message) {
      batcher.push(message);
      return true;
    },
    close: batcher.flush,
  };
});
