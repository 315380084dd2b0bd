import { bufferTime, concatMap, EMPTY, filter, from, map, Subject } from 'rxjs';
import { joinLanes } from '../contestant.ts';
import type { Message } from '../message.ts';

/** RxJS: a subject, `bufferTime` with a size, and `concatMap`, which waits for the call before. */
export const open = joinLanes(({ batchSize, timeoutMs, process }) => {
  const subject = new Subject<Message>();
  const batches =
    batchSize === 1
      ? subject.pipe(map((message) => [message]))
      : subject.pipe(
          bufferTime(timeoutMs, null, batchSize),
          filter((batch) => batch.length > 0),
        );
  const subscription = batches.pipe(concatMap((batch) => from(process(batch) ?? EMPTY))).subscribe();
  return {
    push(message) {
      subject.next(message);
      return true;
    },
    close: () => subscription.unsubscribe(),
  };
});
