import { Writable } from 'node:stream';
import { joinLanes, type LaneSpec } from '../contestant.ts';
import type { Message } from '../message.ts';
import { laneOfStream } from './writable.ts';

/** A Node stream with `writev`: it gets all that waits at once and cuts it into batches. It knows no window. */
export const open = joinLanes(({ batchSize, capacity, process }: LaneSpec) => {
  const deliver = async (chunks: readonly { readonly chunk: Message }[]): Promise<void> => {
    for (let start = 0; start < chunks.length; start += batchSize) {
      const call = process(chunks.slice(start, start + batchSize).map(({ chunk }) => chunk));
      if (call !== undefined) await call;
    }
  };
  const stream = new Writable({
    objectMode: true,
    highWaterMark: capacity,
    writev(chunks, done) {
      deliver(chunks).then(() => done(), done);
    },
  });
  return laneOfStream(stream, () => {});
});
