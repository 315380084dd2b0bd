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
      return overflow.admit(message, sequence, sequence);
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

test('conflate does nothing while there is room', () => {
  const { admit, lost, waiting } = door('conflate', 3);
  admit('A1', 'A2', 'A3');
  expect([waiting(), lost]).toEqual([['A1', 'A2', 'A3'], []]);
});

test('conflate puts the newer message in the place of the newest of its key, without a longer wait', () => {
  const { admit, mailbox, lost, waiting } = door('conflate', 3);
  admit('A1', 'A2', 'B1', 'A3');
  expect([waiting(), lost]).toEqual([['A1', 'A3', 'B1'], ['conflated A 2 A2']]);
  expect([mailbox.acceptedAtOf(1), mailbox.sequenceOf(1)]).toEqual([2, 4]);
});

test('conflate lets superseded messages go for a new key, and the survivors keep their places', () => {
  const { admit, lost, waiting } = door('conflate', 4);
  expect(admit('A1', 'B1', 'A2', 'B2', 'C1')).toEqual([true, true, true, true, true]);
  expect([waiting(), lost]).toEqual([
    ['A2', 'B2', 'C1'],
    ['conflated A 1 A1', 'conflated B 2 B1'],
  ]);
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

test('conflating in a full mailbox asks for the key of each message once, not of all for each', () => {
  let asked = 0;
  const keyOf = (message: unknown) => {
    asked += 1;
    return String(message);
  };
  const mailbox = new Mailbox(100);
  const overflow = new Overflow(mailbox, 'conflate', keyOf, () => {});
  for (let key = 0; key < 99; key += 1) overflow.admit(`K${key}`, 0, key);
  overflow.admit('K0', 0, 99);
  overflow.admit('new', 0, 100);
  asked = 0;
  for (let sequence = 101; sequence < 1_101; sequence += 1) overflow.admit(`other ${sequence}`, 0, sequence);
  expect([mailbox.size, asked]).toEqual([100, 1_100]);
});
