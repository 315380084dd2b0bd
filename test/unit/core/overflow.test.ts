import { expect, test } from 'vitest';
import { Mailbox } from '../../../src/core/mailbox.ts';
import { Overflow, type OverflowPolicy } from '../../../src/core/overflow.ts';

function door(policy: OverflowPolicy, capacity: number) {
  const mailbox = new Mailbox(capacity);
  const lost: string[] = [];
  // The key of 'A1' is 'A'; '?1' has none.
  const keyOf = (message: unknown) => String(message).charAt(0).replace('?', '');
  const overflow = new Overflow(mailbox, policy, keyOf, (reason, key, sequence, message) => {
    lost.push(`${reason} ${key} ${sequence} ${message}`);
  });
  let sequence = 0;
  const admit = (...messages: string[]) =>
    messages.map((message) => {
      sequence += 1;
      return overflow.admit(message, undefined, sequence, sequence);
    });
  const waiting = () => Array.from({ length: mailbox.size }, (_, offset) => mailbox.messageOf(offset));
  return { mailbox, overflow, lost, admit, waiting };
}

test('reject leaves the message to the caller and loses nothing', () => {
  const { admit, lost, waiting } = door('reject', 2);
  expect(admit('A1', 'A2', 'A3')).toEqual([true, true, false]);
  expect([waiting(), lost]).toEqual([['A1', 'A2'], []]);
});

test('drop-oldest keeps the newest and names what went', () => {
  const { admit, lost, waiting } = door('drop-oldest', 2);
  expect(admit('A1', 'B1', 'C1')).toEqual([true, true, true]);
  expect([waiting(), lost]).toEqual([['B1', 'C1'], ['drop-oldest A 1 A1']]);
});

test('drop-oldest returns to a capacity that was lowered meanwhile', () => {
  const { admit, mailbox, lost, waiting } = door('drop-oldest', 4);
  admit('A1', 'A2', 'A3', 'A4');
  mailbox.capacity = 2;
  admit('A5');
  expect([waiting(), lost.length]).toEqual([['A4', 'A5'], 3]);
});

test('drop-newest takes the message in and counts it as lost', () => {
  const { admit, lost, waiting } = door('drop-newest', 1);
  expect(admit('A1', 'B1')).toEqual([true, true]);
  expect([waiting(), lost]).toEqual([['A1'], ['drop-newest B 2 B1']]);
});

test('conflate keeps only the latest of a key, in the place and with the wait of the first, also while there is room', () => {
  const { admit, mailbox, lost, waiting } = door('conflate', 10);
  expect(admit('A1', 'B1', 'A2', 'A3', 'C1')).toEqual([true, true, true, true, true]);
  expect([waiting(), lost]).toEqual([
    ['A3', 'B1', 'C1'],
    ['conflated A 1 A1', 'conflated A 3 A2'],
  ]);
  expect([mailbox.acceptedAtOf(0), mailbox.sequenceOf(0)]).toEqual([1, 4]);
});

test('conflate rejects a new key when all keys differ', () => {
  const { admit, lost, waiting } = door('conflate', 2);
  expect(admit('A1', 'B1', 'C1', 'B2')).toEqual([true, true, false, true]);
  expect([waiting(), lost]).toEqual([['A1', 'B2'], ['conflated B 2 B1']]);
});

test('messages without a key are never conflated', () => {
  const { admit, lost } = door('conflate', 2);
  expect(admit('?1', '?2', '?3', 'A1')).toEqual([true, true, false, false]);
  expect(lost).toEqual([]);
});

test('a message that was taken is not replaced, although its key is remembered', () => {
  const { admit, mailbox, lost, waiting } = door('conflate', 2);
  admit('A1', 'B1', 'C1');
  mailbox.take(1);
  admit('C2', 'A2');
  expect([waiting(), lost]).toEqual([['B1', 'C2'], []]);
});

test('with a capacity of 0 nothing waits and every policy still ends', () => {
  for (const policy of ['reject', 'drop-oldest', 'drop-newest', 'conflate'] as const) {
    const { admit, waiting } = door(policy, 0);
    expect(admit('A1')).toEqual([policy.startsWith('drop')]);
    expect(waiting()).toEqual([]);
  }
});

test('a key that was read at the door counts, whatever the payload shows of it', () => {
  const { lost, overflow, waiting } = door('conflate', 10);
  for (const [sequence, payload] of ['X1', 'Y1', 'X2'].entries()) overflow.admit(payload, 'A', sequence, sequence);
  expect([waiting(), lost]).toEqual([['X2'], ['conflated A 0 X1', 'conflated A 1 Y1']]);
  const rolling = door('drop-oldest', 1);
  for (const [sequence, payload] of ['X1', 'Y1'].entries()) rolling.overflow.admit(payload, 'A', sequence, sequence);
  expect(rolling.lost).toEqual(['drop-oldest A 0 X1']);
});

test('what waits already when the policy becomes `conflate` is conflated, and nothing is refused for want of room', () => {
  const { admit, mailbox, lost, overflow, waiting } = door('reject', 10);
  admit('A1', 'B1', 'A2', 'C1', '?1', '?2');
  mailbox.capacity = 2;
  overflow.policy = 'conflate';
  expect([waiting(), lost]).toEqual([['A2', 'B1', 'C1', '?1', '?2'], ['conflated A 1 A1']]);
  expect(admit('C2', 'D1')).toEqual([true, false]);
});

test('keys whose messages have left are not kept, however many there were', () => {
  const { mailbox, overflow } = door('conflate', 4);
  for (let sequence = 0; sequence < 10_000; sequence += 1) {
    overflow.admit('A', `key ${sequence}`, sequence, sequence);
    if (mailbox.isFull) mailbox.take(3);
  }
  // Private, and nothing else shows what is remembered.
  const { places } = overflow as unknown as { readonly places: ReadonlyMap<string, number> };
  expect(places.size).toBeLessThanOrEqual(5);
});
