import fastq from 'fastq';
import { Batcher, joinLanes } from '../contestant.ts';
import type { Message } from '../message.ts';

/** fastq with callbacks, its fastest form, behind a user's own buffer. */
export const open = joinLanes((spec) => {
  const { batchSize, process } = spec;
  const queue = fastq<unknown, Message[]>((batch, done) => {
    const call = process(batch);
    if (call === undefined) done(null);
    else call.then(() => done(null), done);
  }, 1);
  if (batchSize > 1) return new Batcher(spec, (batch) => queue.push(batch));
  return {
    push(message) {
      queue.push([message]);
      return true;
    },
  };
});
