import { Effect, Queue } from 'effect';
import { joinLanes } from '../contestant.ts';
import type { Message } from '../message.ts';
import { delivery, laneOfQueue } from './effect.ts';

/** Effect: a loop that takes what waits from a bounded queue, a batch at most. It knows no window. */
export const open = joinLanes((spec) => {
  const queue = Effect.runSync(Queue.bounded<Message>(spec.capacity));
  const deliver = delivery(spec);
  const step = Effect.flatMap(Queue.takeBetween(queue, 1, spec.batchSize), deliver);
  return laneOfQueue(queue, Effect.forever(step));
});
