import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Mailbox } from '../../src/core/mailbox.ts';
import { Overflow, type OverflowPolicy } from '../../src/core/overflow.ts';

interface Message {
  readonly key: string;
  readonly number: number;
}

const policies = fc.constantFrom<OverflowPolicy>('reject', 'drop-oldest', 'drop-newest', 'conflate');
// A key arrives, or the channel takes a batch.
const steps = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom('', 'A', 'B', 'C', 'D', 'E', 'F', 'G') },
    { weight: 1, arbitrary: fc.record({ take: fc.nat(5) }) },
  ),
  { maxLength: 300, size: 'max' },
);

test('every message taken in is waiting, delivered or lost, exactly once; a key never goes back in time', () => {
  fc.assert(
    fc.property(policies, fc.integer({ min: 1, max: 12 }), steps, (policy, capacity, sequence) => {
      const mailbox = new Mailbox<unknown>(capacity);
      const lost: number[] = [];
      const keyOf = (message: unknown) => (message as Message).key;
      const overflow = new Overflow(mailbox, policy, keyOf, (_reason, _key, number) => lost.push(number));
      const taken: Message[] = [];
      const accepted: number[] = [];
      let number = 0;
      for (const step of sequence) {
        if (typeof step === 'string') {
          number += 1;
          const sizeBefore = mailbox.size;
          if (overflow.admit({ key: step, number }, number, number)) accepted.push(number);
          expect(mailbox.size).toBeLessThanOrEqual(Math.max(capacity, sizeBefore));
        } else {
          taken.push(...(mailbox.take(step.take) as Message[]));
        }
      }
      const delivered = [...taken, ...(mailbox.drain() as Message[])];
      const accounted = [...delivered.map((message) => message.number), ...lost];
      expect(accounted.toSorted((a, b) => a - b)).toEqual(accepted);
      for (const key of new Set(delivered.map((message) => message.key))) {
        const numbers = delivered.filter((message) => message.key === key).map((message) => message.number);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      }
    }),
  );
});

test('conflate rejects only when no waiting message could make room, and always keeps the latest accepted of a key', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.constantFrom('A', 'B', 'C', 'D', 'E', 'F')),
      (capacity, keys) => {
        const mailbox = new Mailbox<unknown>(capacity);
        const overflow = new Overflow(
          mailbox,
          'conflate',
          (message) => (message as Message).key,
          () => {},
        );
        const latest = new Map<string, number>();
        for (const [number, key] of keys.entries()) {
          const before = Array.from(
            { length: mailbox.size },
            (_, offset) => (mailbox.messageOf(offset) as Message).key,
          );
          if (overflow.admit({ key, number }, number, number)) latest.set(key, number);
          else expect([before.length, new Set([...before, key]).size]).toEqual([capacity, capacity + 1]);
        }
        const waiting = mailbox.drain() as Message[];
        for (const [key, number] of latest) expect(waiting).toContainEqual({ key, number });
      },
    ),
  );
});

/** What stays of `keys` when nobody takes anything: the numbers that wait, and what was told of the others. */
function fill(policy: OverflowPolicy, capacity: number, keys: readonly string[]) {
  const mailbox = new Mailbox<unknown>(capacity);
  const lost: { reason: string; key: string; number: number; message: unknown }[] = [];
  const keyOf = (message: unknown) => (message as Message).key;
  const overflow = new Overflow(mailbox, policy, keyOf, (reason, key, number, message) =>
    lost.push({ reason, key, number, message }),
  );
  const refused = keys
    .map((key, number) => ({ key, number }))
    .filter((message) => {
      return !overflow.admit(message, message.number, message.number);
    });
  const waiting = (mailbox.drain() as Message[]).map(({ number }) => number);
  return { waiting, lost, refused: refused.map(({ number }) => number) };
}

const filling = [fc.nat(8), fc.array(fc.constantFrom('', 'A', 'B', 'C', 'D'), { maxLength: 40 })] as const;

test('what goes is named: its reason is that of the policy, and key and sequence are those of the message', () => {
  fc.assert(
    fc.property(policies, ...filling, (policy, capacity, keys) => {
      const reasons = {
        reject: [],
        'drop-oldest': ['drop-oldest', 'drop-newest'],
        'drop-newest': ['drop-newest'],
        conflate: ['conflated'],
      };
      for (const { reason, key, number, message } of fill(policy, capacity, keys).lost) {
        expect(reasons[policy]).toContain(reason);
        expect(message).toEqual({ key, number });
        expect(keys[number]).toBe(key);
      }
    }),
  );
});

test('`reject` and `drop-newest` keep the first, `drop-oldest` the last, and only `reject` and `conflate` refuse', () => {
  fc.assert(
    fc.property(...filling, (capacity, keys) => {
      const all = [...keys.keys()];
      const [first, last] = [all.slice(0, capacity), capacity === 0 ? [] : all.slice(-capacity)];
      const [rejecting, dropping, rolling] = [
        fill('reject', capacity, keys),
        fill('drop-newest', capacity, keys),
        fill('drop-oldest', capacity, keys),
      ];
      expect([rejecting.waiting, rejecting.refused]).toEqual([first, all.slice(capacity)]);
      expect([dropping.waiting, dropping.refused]).toEqual([first, []]);
      expect([rolling.waiting, rolling.refused]).toEqual([last, []]);
    }),
  );
});

test('`conflate` loses nothing without a key, and of no key more than what a newer one replaces', () => {
  fc.assert(
    fc.property(...filling, (capacity, keys) => {
      const { waiting, lost } = fill('conflate', capacity, keys);
      for (const { key, number } of lost) {
        expect(key).not.toBe('');
        expect(waiting.some((other) => other > number && keys[other] === key)).toBe(true);
      }
    }),
  );
});
