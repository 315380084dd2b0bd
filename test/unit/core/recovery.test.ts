import { describe, expect, it } from 'vitest';
import { type FailedBatch, Recovery } from '../../../src/core/recovery.ts';

function batch(messages: readonly unknown[], fields: Partial<FailedBatch> = {}): FailedBatch {
  return { messages, attempts: 1, acceptedAt: 10, isSplit: false, wasQuarantined: false, error: 'why', ...fields };
}

function messagesOf(batches: readonly FailedBatch[]): readonly unknown[] {
  return batches.flatMap(({ messages }) => messages);
}

it('a batch that is put back is held for another attempt, with its age and its error', () => {
  const recovery = new Recovery();
  recovery.putBack(batch([1, 2], { attempts: 2 }));
  expect([recovery.size, recovery.oldestAcceptedAt, recovery.lastError]).toEqual([2, 10, 'why']);
  expect(recovery.take(10)).toEqual(batch([1, 2], { attempts: 2 }));
  expect([recovery.size, recovery.hasBatches]).toEqual([0, false]);
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
  const recovery = new Recovery({ returned: (origin) => void told.push(origin) });
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
