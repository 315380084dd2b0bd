import fastq from 'fastq';
import { Batcher } from '../batcher.ts';
import { joinLanes } from '../contestant.ts';
import type { Message } from '../message.ts';

/** fastq with promises, as its readme shows them first, behind a user's own buffer. */
export const open = joinLanes((spec) => {
  const queue = fastq.promise<unknown, Message[]>(async (batch) => spec.process(batch), 1);
  const batcher = new Batcher(spec, (batch) => {
    queue.push(batch).catch(() => {});
  });
  return {
    push(message) {
      batcher.push(message);
      return true;
    },
    close: batcher.flush,
  };
});
