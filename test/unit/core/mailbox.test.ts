import { expect, test, vi } from 'vitest';
import { Mailbox } from '../../../src/core/mailbox.ts';
import { collectGarbage } from '../../support/garbage.ts';

test('half a million messages that wrap around the end of the ring are taken at once', () => {
  const count = 500_000;
  const mailbox = new Mailbox<number>(count);
  for (let n = 0; n < count; n += 1) mailbox.push(n, 0, n);
  mailbox.take(count - 10);
  for (let n = count; n < 2 * count - 10; n += 1) mailbox.push(n, 0, n);
  const taken = mailbox.take(count);
  expect([taken.length, taken[0], taken.at(-1)]).toEqual([count, count - 10, 2 * count - 11]);
});

test('what has left is not kept alive by its slot', async () => {
  const mailbox = new Mailbox<object>(10);
  // Made in a function of its own: its last variables would keep a message alive here.
  const push = (sequence: number) => {
    const message = { sequence };
    mailbox.push(message, 0, sequence);
    return new WeakRef(message);
  };
  const references = [0, 1, 2, 3].map(push);
  mailbox.take(2);
  mailbox.shift();
  mailbox.drain();
  // A WeakRef holds its target until the turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(references.filter((reference) => reference.deref() !== undefined)).toHaveLength(0);
});

test.each([
  { burst: 1_000, isAnew: true },
  { burst: 10_000, isAnew: false },
])('a ring that once held $burst messages is made anew each time around: $isAnew', ({ burst, isAnew }) => {
  const mailbox = new Mailbox<number>(burst);
  const pass = (count: number): void => {
    for (let n = 0; n < count; n += 1) mailbox.push(n, 0, n);
    mailbox.take(count);
  };
  pass(burst);
  const slice = vi.spyOn(Array.prototype, 'slice');
  try {
    for (let round = 0; round < 1_000; round += 1) pass(100);
    expect(slice.mock.calls.some((bounds) => bounds.length === 0)).toBe(isAnew);
  } finally {
    slice.mockRestore();
  }
});
