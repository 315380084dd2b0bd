import { once } from 'node:events';
import { Writable } from 'node:stream';
import { joinLanes, type LaneSpec } from '../contestant.ts';
import type { Message } from '../message.ts';

/** A Node stream that collects a batch in `write`, as Node's documentation shows it; the window is a timer beside it. */
export const open = joinLanes(({ batchSize, timeoutMs, capacity, process }: LaneSpec) => {
  let batch: Message[] = [];
  let timer: NodeJS.Timeout | undefined;
  let call: Promise<void> | undefined;
  const flush = (): Promise<void> | undefined => {
    clearTimeout(timer);
    timer = undefined;
    const full = batch;
    batch = [];
    call = full.length === 0 ? undefined : process(full);
    return call;
  };
  const stream = new Writable({
    objectMode: true,
    highWaterMark: capacity,
    write(message: Message, _encoding, done) {
      batch.push(message);
      if (batch.length >= batchSize) {
        const flushed = flush();
        if (flushed === undefined) done();
        else flushed.then(() => done(), done);
      } else {
        if (batch.length === 1) timer = setTimeout(flush, timeoutMs);
        if (call === undefined) done();
        else call.then(() => done(), done);
      }
    },
  });
  return laneOfStream(stream, () => flush()?.catch(() => {}));
});

/** Stops when the stream says so, and goes on when it has drained. */
export function laneOfStream(stream: Writable, close: () => void) {
  return {
    push(message: Message): boolean {
      if (stream.writableNeedDrain) return false;
      stream.write(message);
      return true;
    },
    async room(): Promise<void> {
      if (stream.writableNeedDrain) await once(stream, 'drain');
    },
    close,
  };
}
