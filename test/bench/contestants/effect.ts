import { Effect, Queue, Stream } from 'effect';
import { joinLanes } from '../contestant.ts';
import type { Message } from '../message.ts';

/** Effect: a bounded queue as a stream, grouped by size and time, one batch after the other. */
export const open = joinLanes(({ batchSize, timeoutMs, capacity, process }) => {
  const queue = Effect.runSync(Queue.bounded<Message>(capacity));
  const messages = Stream.fromQueue(queue);
  const deliver = (batch: readonly Message[]): Effect.Effect<void> =>
    Effect.suspend(() => {
      const call = process(batch);
      return call === undefined ? Effect.void : Effect.promise(() => call);
    });
  const program =
    batchSize === 1
      ? Stream.runForEach(messages, (message) => deliver([message]))
      : Stream.runForEach(Stream.groupedWithin(messages, batchSize, timeoutMs), deliver);
  Effect.runFork(program);
  return {
    push: (message) => Queue.offerUnsafe(queue, message),
    close: () => void Effect.runFork(Queue.shutdown(queue)),
  };
});
