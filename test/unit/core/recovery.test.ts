import { describe, expect, it } from 'vitest';
import { type FailedBatch, Recovery } from '../../../src/core/recovery.ts';

function batch(messages: readonly unknown[], fields: Partial<FailedBatch> = {}): FailedBatch {
  return { messages, attempts: 1, acceptedAt: 10, isSplit: false, wasQuarantined: false, error: 'why', ...fields };
}

function messagesOf(batches: readonly FailedBatch[]): readonly unknown[] {
  return batches.flatMap(({ messages }) => messages);
}

it('however much is in quarantine, all of it goes back to the head', () => {
  const recovery = new Recovery();
  for (let n = 0; n < 300_000; n += 1) recovery.setAside(batch([n]));
  recovery.restore();
  expect(messagesOf(recovery.takeAll())).toEqual(Array.from({ length: 300_000 }, (_, n) => n));
});

describe('a batch that is put back', () => {
  it('is held for another attempt, with its age and its error', () => {
    const recovery = new Recovery();
    recovery.putBack(batch([1, 2], { attempts: 2 }));
    expect([recovery.size, recovery.oldestAcceptedAt, recovery.lastError]).toEqual([2, 10, 'why']);
    expect(recovery.take(10)).toEqual(batch([1, 2], { attempts: 2 }));
    expect([recovery.size, recovery.hasBatches]).toEqual([0, false]);
  });

  it('last is taken first; an empty one is nothing', () => {
    const recovery = new Recovery();
    recovery.putBack(batch([2]));
    recovery.putBack(batch([1]));
    recovery.putBack(batch([]));
    expect(messagesOf(recovery.takeAll())).toEqual([1, 2]);
  });

  it('is taken up to a limit, and the rest keeps its attempts and its place', () => {
    const recovery = new Recovery();
    recovery.putBack(batch([1, 2, 3, 4, 5], { attempts: 2 }));
    expect(recovery.take(2)).toMatchObject({ messages: [1, 2], attempts: 2 });
    expect(recovery.size).toBe(3);
    expect(recovery.take(99)).toMatchObject({ messages: [3, 4, 5], attempts: 2 });
    expect(recovery.take(1)).toBeUndefined();
  });
});

it('a batch that is split comes back in halves, and so does each half', () => {
  const recovery = new Recovery();
  recovery.split(batch([1, 2, 3, 4, 5]));
  expect(recovery.isIsolating).toBe(true);
  const first = recovery.take(10);
  expect(first).toMatchObject({ messages: [1, 2, 3], isSplit: true });
  if (first !== undefined) recovery.split(first);
  expect(recovery.takeAll().map(({ messages }) => messages)).toEqual([[1, 2], [3], [4, 5]]);
});

describe('a message in quarantine', () => {
  it('is counted, and cannot be tried, until something is delivered after it: then it leaves as poison', () => {
    const recovery = new Recovery();
    recovery.setAside(batch([1]));
    expect([recovery.size, recovery.quarantined, recovery.hasBatches]).toEqual([1, 1, false]);
    expect([recovery.oldestAcceptedAt, recovery.lastError]).toEqual([10, 'why']);
    expect(messagesOf(recovery.takePoison())).toEqual([1]);
    expect([recovery.size, recovery.quarantined]).toEqual([0, 0]);
  });

  it('goes back to the head, in order, when what follows fails too', () => {
    const recovery = new Recovery();
    recovery.setAside(batch([1]));
    recovery.setAside(batch([2]));
    recovery.putBack(batch([3, 4]));
    recovery.restore();
    expect([recovery.size, recovery.quarantined]).toEqual([4, 0]);
    const all = recovery.takeAll();
    expect(messagesOf(all)).toEqual([1, 2, 3, 4]);
    expect(all.map(({ wasQuarantined }) => wasQuarantined)).toEqual([true, true, false]);
  });

  it('comes first of all that is taken out together', () => {
    const recovery = new Recovery();
    recovery.append(batch([2]));
    recovery.setAside(batch([1]));
    expect(messagesOf(recovery.takeAll())).toEqual([1, 2]);
    expect([recovery.size, recovery.hasBatches]).toEqual([0, false]);
  });
});

describe('the times of the next attempt', () => {
  it('are kept until the next postponement; one without a rest keeps the rest that the sink asked for', () => {
    const recovery = new Recovery();
    recovery.append(batch([1]));
    recovery.postpone(100, 90);
    expect([recovery.retryAt, recovery.sinkRestsUntil]).toEqual([100, 90]);
    recovery.postpone(200);
    expect([recovery.retryAt, recovery.sinkRestsUntil]).toEqual([200, 90]);
  });

  it('keep the longest rest that was asked for, also while nothing is held, and a success ends none of it', () => {
    const recovery = new Recovery();
    recovery.postpone(50);
    recovery.rest(100);
    recovery.rest(90);
    expect([recovery.retryAt, recovery.sinkRestsUntil, recovery.isIdle]).toEqual([100, 100, false]);
    recovery.goOn(99);
    expect(recovery.retryAt).toBe(100);
    recovery.goOn(100);
    expect([recovery.retryAt, recovery.isIdle]).toEqual([0, true]);
    recovery.rest(200);
    recovery.endWait();
    expect([recovery.sinkRestsUntil, recovery.isIdle]).toEqual([0, true]);
  });
});

it('nothing held has no age and no error', () => {
  const recovery = new Recovery();
  const { size, oldestAcceptedAt, lastError, isIsolating, quarantined } = recovery;
  expect([size, oldestAcceptedAt, lastError, isIsolating, quarantined]).toEqual([0, undefined, undefined, false, 0]);
});

it('what came in a stay that has ended leaves, and is not held again', () => {
  let hasEnded = false;
  const stay = {
    source: 'bars',
    get isOver() {
      return hasEnded;
    },
    settled() {},
    handedBack() {},
  };
  const told: unknown[] = [];
  const recovery = new Recovery((origin) => told.push(origin));
  const origins = [stay, undefined];
  recovery.setAside(batch(['a', 'A'], { origins }));
  recovery.putBack(batch(['b', 'B'], { origins }));
  hasEnded = true;
  recovery.returnEnded();
  expect([recovery.size, recovery.quarantined, told.length]).toEqual([2, 1, 2]);
  recovery.putBack(batch(['c'], { origins: [stay] }));
  recovery.setAside(batch(['d'], { origins: [stay] }));
  recovery.split(batch(['e', 'f', 'E'], { origins: [stay, stay, undefined] }));
  expect([recovery.size, recovery.quarantined, told.length]).toEqual([3, 1, 6]);
  expect(messagesOf(recovery.takeAll())).toEqual(['A', 'E', 'B']);
});
