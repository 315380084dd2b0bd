import PQueue from 'p-queue';
import { Batcher } from '../batcher.ts';
import { joinLanes, nextTurn } from '../contestant.ts';

const queue = new PQueue({ concurrency: 1 });

/** One p-queue for all, with its priorities; each task ends with a turn of the event loop. */
export const open = joinLanes((spec) => {
  const batcher = new Batcher(spec, (batch) => {
    const task = async (): Promise<void> => {
      await spec.process(batch);
      await nextTurn();
    };
    queue.add(task, { priority: -spec.priority }).catch(() => {});
  });
  return {
    push(message) {
      batcher.push(message);
      return true;
    },
    close: batcher.flush,
  };
});
