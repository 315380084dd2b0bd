import { once } from 'node:events';
import { Writable } from 'node:stream';
import { joinLanes } from '../contestant.ts';
import type { Message } from '../message.ts';

/** A Node stream that collects a batch in `write`, as Node's documentation shows it; the window is a timer beside it. */
export const open = joinLanes(({ batchSize, timeoutMs, capacity, process }) => {
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
      if (batch.length >= batchSize) void flush();
      else if (batch.length === 1) timer = setTimeout(flush, timeoutMs);
      if (call === undefined) done();
      else call.then(() => done(), done);
    },
  });
  return {
    /** Stops when the stream says so, and goes on when it has drained. */
    push(message) {
      if (stream.writableNeedDrain) return false;
      stream.write(message);
      return true;
    },
    async room() {
      if (stream.writableNeedDrain) await once(stream, 'drain');
    },
    close: () => void flush()?.catch(() => {}),
  };
});
