import { expect, test } from 'vitest';
import { type DeadLetterReason, DeadLetters } from '../../../src/facts/dead-letters.ts';

function letter(channel: string | null, reason: DeadLetterReason, message: unknown) {
  return { channel, reason, message, error: undefined, attempts: 1, at: 1_000 };
}

function store(capacity = 10): DeadLetters {
  const letters = new DeadLetters(capacity);
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

test('when the store is full the oldest goes and is counted (R10.3)', () => {
  const letters = store(2);
  expect([letters.size, letters.evicted]).toEqual([2, 2]);
  expect(letters.list().map(({ message }) => message)).toEqual(['c', 'd']);
});

test('a lower capacity takes effect at once, and 0 keeps nothing', () => {
  const letters = store();
  letters.capacity = 1;
  expect([letters.size, letters.evicted]).toEqual([1, 3]);
  letters.capacity = 0;
  letters.add(letter('tick', 'failed', 'e'));
  expect([letters.size, letters.evicted]).toEqual([0, 5]);
});

test('what is dropped is not evicted, and the others stay in order', () => {
  const letters = store();
  expect([letters.drop({ reason: 'poison' }), letters.evicted]).toEqual([2, 0]);
  expect(letters.list().map(({ message }) => message)).toEqual(['b', 'c']);
});

test('a letter that was dropped counts neither as kept nor as evicted when the oldest go', () => {
  const letters = store();
  expect([letters.drop({ id: 2 }), letters.drop({ id: 2 }), letters.size]).toEqual([1, 0, 3]);
  letters.capacity = 1;
  expect([letters.evicted, letters.list().map(({ id }) => id)]).toEqual([2, [4]]);
});
