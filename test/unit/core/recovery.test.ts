import { describe, expect, it } from 'vitest';
import { Recovery, type RecoveryRules, type Segment } from '../../../src/core/recovery.ts';

const rules: RecoveryRules = { attempts: 3, isolate: true, needsEvidence: true };

function segment(messages: readonly unknown[], fields: Partial<Segment> = {}): Segment {
  return { messages, attempts: 1, acceptedAt: 10, isSplit: false, isSuspect: false, error: 'why', ...fields };
}

describe('a failed segment', () => {
  it('is held for another attempt while it has any left', () => {
    const recovery = new Recovery();
    expect(recovery.failed(segment([1, 2], { attempts: 2 }), rules, true)).toBe('retry');
    expect([recovery.size, recovery.oldestAcceptedAt]).toEqual([2, 10]);
    expect(recovery.take(10)?.messages).toEqual([1, 2]);
    expect(recovery.size).toBe(0);
  });

  it('of several messages is split when its attempts are used up, and again at once when a part fails', () => {
    const recovery = new Recovery();
    expect(recovery.failed(segment([1, 2, 3, 4, 5], { attempts: 3 }), rules, true)).toBe('isolate');
    expect(recovery.isIsolating).toBe(true);
    const first = recovery.take(10);
    expect(first?.messages).toEqual([1, 2, 3]);
    if (first !== undefined) expect(recovery.failed(first, rules, true)).toBe('isolate');
    expect(recovery.takeAll().map(({ messages }) => messages)).toEqual([[1, 2], [3], [4, 5]]);
  });

  it('is given up whole with `isolate: false` and no need for evidence', () => {
    const verdict = new Recovery().failed(
      segment([1, 2], { attempts: 3 }),
      { ...rules, isolate: false, needsEvidence: false },
      true,
    );
    expect(verdict).toBe('condemn');
  });

  it('that is not retryable is split, or given up if it is one message', () => {
    const recovery = new Recovery();
    expect(recovery.failed(segment([1]), rules, false)).toBe('condemn');
    expect(recovery.failed(segment([1, 2]), rules, false)).toBe('isolate');
  });
});

describe('a single message that has used up its attempts', () => {
  it('is set aside and counted, until something is delivered after it: then it is handed out to be given up', () => {
    const recovery = new Recovery();
    expect(recovery.failed(segment([1], { attempts: 3 }), rules, true)).toBe('suspect');
    expect([recovery.size, recovery.hasSuspects, recovery.hasSegments]).toEqual([1, true, false]);
    expect(recovery.takeCondemned().flatMap(({ messages }) => messages)).toEqual([1]);
    expect([recovery.size, recovery.hasSuspects]).toEqual([0, false]);
  });

  it('goes back to the head, in order, when what follows fails too', () => {
    const recovery = new Recovery();
    recovery.failed(segment([1], { attempts: 3 }), rules, true);
    recovery.failed(segment([2], { attempts: 3 }), rules, true);
    recovery.failed(segment([3, 4], { attempts: 1 }), rules, true);
    expect(recovery.takeAll().flatMap(({ messages }) => messages)).toEqual([1, 2, 3, 4]);
    expect(recovery.size).toBe(0);
  });
});

describe('the held segments', () => {
  it('are taken up to a limit, and the rest keeps its attempts and its place', () => {
    const recovery = new Recovery();
    recovery.putBack(segment([1, 2, 3, 4, 5], { attempts: 2 }));
    expect(recovery.take(2)).toMatchObject({ messages: [1, 2], attempts: 2 });
    expect(recovery.size).toBe(3);
    expect(recovery.take(99)).toMatchObject({ messages: [3, 4, 5], attempts: 2 });
    expect(recovery.take(1)).toBeUndefined();
  });

  it('put back last are taken first; an empty one is nothing', () => {
    const recovery = new Recovery();
    recovery.putBack(segment([2]));
    recovery.putBack(segment([1]));
    recovery.putBack(segment([]));
    expect(recovery.takeAll().flatMap(({ messages }) => messages)).toEqual([1, 2]);
  });
});

it('nothing held has no age', () => {
  const recovery = new Recovery();
  expect([recovery.size, recovery.oldestAcceptedAt, recovery.isIsolating]).toEqual([0, undefined, false]);
});
