import { expect, test } from 'vitest';
import { ACCEPTED, REJECTED } from '../../../src/core/outcome.ts';
import { type DeadLetterReason, DeadLetters, type LetterLimits } from '../../../src/facts/dead-letters.ts';
import { collectGarbage } from '../../support/garbage.ts';

function letter(channel: string | null, reason: DeadLetterReason, message: unknown) {
  return { channel, reason, message, error: undefined, attempts: 1, at: 1_000 };
}

const MB = 1_000_000;

function limits(capacity: number, bytesMax = MB, refused = { capacity, bytesMax }): LetterLimits {
  return { capacity, bytesMax, refused };
}

function store(capacity = 10): DeadLetters {
  const letters = new DeadLetters(limits(capacity));
  letters.add(letter('tick', 'poison', 'a'));
  letters.add(letter(null, 'unknown-type', 'b'));
  letters.add(letter('tick', 'failed', 'c'));
  letters.add(letter('fmv', 'poison', 'd'));
  return letters;
}

test('letters are listed oldest first, by channel, reason, id and number', () => {
  const letters = store();
  const ids = (filter?: Parameters<typeof letters.list>[0]) => letters.list(filter).map(({ id }) => id);
  expect(ids()).toEqual([1, 2, 3, 4]);
  expect(ids({ channel: 'tick' })).toEqual([1, 3]);
  expect(ids({ channel: null })).toEqual([2]);
  expect(ids({ reason: 'poison' })).toEqual([1, 4]);
  expect(ids({ channel: 'tick', reason: 'poison' })).toEqual([1]);
  expect([ids({ id: 3 }), ids({ limit: 2 }), ids({ limit: 0 })]).toEqual([[3], [1, 2], []]);
});

test('a letter that was handed out cannot be changed: it is found by what it says', () => {
  const letters = store();
  for (const each of letters.list()) expect(() => Object.assign(each, { channel: 'mine' })).toThrow(TypeError);
  letters.limits = limits(1);
  expect(letters.list().map(({ channel }) => channel)).toEqual([null, 'fmv']);
});

test('a letter that was dropped counts neither as kept nor as evicted when the oldest go', () => {
  const letters = store();
  expect([letters.drop({ id: 2 }), letters.drop({ id: 2 }), letters.size]).toEqual([1, 0, 3]);
  letters.limits = limits(1);
  expect([letters.evicted, letters.list().map(({ id }) => id)]).toEqual([2, [4]]);
});

const all = (letters: DeadLetters) => letters.list().map(({ message }) => message);

test('noise pushes out no evidence: neither refused messages nor a frequent failure of another channel', () => {
  const letters = new DeadLetters(limits(1_000, MB, { capacity: 100, bytesMax: MB }));
  letters.add(letter('fmv', 'poison', 'the evidence'));
  letters.add(letter('fmv', 'invalid', 'the invalid one'));
  for (let n = 0; n < 76_000; n += 1) letters.add({ ...letter(null, 'unknown-type', n), at: n });
  for (let n = 0; n < 5_000; n += 1) letters.add(letter('tick', 'failed', n));
  expect(all(letters).slice(0, 2)).toEqual(['the evidence', 'the invalid one']);
  expect([letters.size, letters.lost.count]).toEqual([1_100, 4_001]);
});

test('a full shelf of refused messages takes ten samples of each kind in a second and counts the others', () => {
  const letters = new DeadLetters(limits(50));
  for (let n = 0; n < 50; n += 1) letters.add({ ...letter(null, 'unknown-type', n), at: 0 });
  for (let n = 0; n < 3_000; n += 1) letters.add({ ...letter(null, 'unknown-type', n), at: 1_000 + n });
  for (let n = 0; n < 10; n += 1) letters.add({ ...letter('tick', 'invalid', n), at: 4_000 });
  expect([letters.size, letters.skipped, letters.evicted]).toEqual([50, 3_000 - 30, 40]);
  expect(letters.list({ channel: 'tick' })).toHaveLength(10);
});

test('letters are bounded by bytes as well, and one that is too large for the store pushes out no other', () => {
  const letters = new DeadLetters(limits(1_000, MB));
  const error = new Error('x'.repeat(10_000));
  letters.add(letter('fmv', 'poison', 'the evidence'));
  for (let n = 0; n < 50; n += 1) letters.add({ ...letter('tick', 'failed', 'x'.repeat(50_000)), error });
  expect([letters.size, letters.bytes < MB, letters.bytes > 0.9 * MB]).toEqual([10, true, true]);
  const { evicted, size } = letters;
  letters.add(letter('tick', 'failed', Buffer.alloc(2 * MB)));
  expect([letters.size, letters.evicted]).toEqual([size, evicted + 1]);
  expect(all(letters)[0]).toBe('the evidence');
  letters.drop();
  expect([letters.size, letters.bytes]).toEqual([0, 0]);
});

test('a letter leaves when its message was accepted, and makes no second one when it is refused again', () => {
  const letters = new DeadLetters(limits(1));
  const refuse = () => {
    letters.add(letter('tick', 'invalid', 'a'));
    return REJECTED.invalid;
  };
  refuse();
  const [first] = letters.list();
  expect(first && letters.replay(first, refuse)).toBe(REJECTED.invalid);
  expect(letters.list()).toEqual([first]);
  const giveUp = () => {
    letters.add(letter('tick', 'poison', 'a'));
    return ACCEPTED;
  };
  expect(first && letters.replay(first, giveUp)).toBe(ACCEPTED);
  expect([letters.list().map(({ reason }) => reason), letters.evicted]).toEqual([['poison'], 0]);
});

test('what is dropped and added for long takes no more room than what is kept', () => {
  const letters = new DeadLetters(limits(1_000));
  for (let n = 0; n < 100_000; n += 1) {
    letters.add(letter('tick', 'poison', n));
    if (n >= 10) letters.drop({ id: n - 9 });
  }
  expect(letters.size).toBe(10);
  letters.limits = limits(5);
  expect(all(letters)).toEqual([99_995, 99_996, 99_997, 99_998, 99_999]);
});

test('letters that came and were dropped leave no memory behind, while one of their kind stays', () => {
  const letters = store();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 100_000; n += 1) letters.drop({ id: letters.add(letter('tick', 'poison', n))?.id ?? 0 });
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(MB);
});
