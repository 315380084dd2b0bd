import { Effect, Queue, Stream } from 'effect';
import { joinLanes, type Lane, type LaneSpec } from '../contestant.ts';
import type { Message } from '../message.ts';

/** Effect: a bounded queue as a stream, grouped by size and time, one batch after the other. */
export const open = joinLanes((spec) => {
  const { batchSize, timeoutMs, capacity } = spec;
  const queue = Effect.runSync(Queue.bounded<Message>(capacity));
  const messages = Stream.fromQueue(queue);
  const deliver = delivery(spec);
  const program =
    batchSize === 1
      ? Stream.runForEach(messages, (message) => deliver([message]))
      : Stream.runForEach(Stream.groupedWithin(messages, batchSize, timeoutMs), deliver);
  return laneOfQueue(queue, program);
});

/** A call of `process` as an effect. */
export function delivery({ isSync, process }: LaneSpec) {
  return (batch: readonly Message[]): Effect.Effect<void> =>
    isSync ? Effect.sync(() => void process(batch)) : Effect.promise(async () => process(batch));
}

export function laneOfQueue(queue: Queue.Queue<Message>, program: Effect.Effect<void>): Lane {
  Effect.runFork(program);
  return {
    push: (message) => Queue.offerUnsafe(queue, message),
    close() {
      Effect.runFork(Queue.shutdown(queue));
    },
  };
}
