import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Mailbox } from '../../src/core/mailbox.ts';
import { type LossListener, Overflow, type OverflowPolicy } from '../../src/core/overflow.ts';

interface Message {
  readonly key: string;
  readonly number: number;
}

const byKey = { keyOf: (message: unknown) => (message as Message).key };
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
      const losses: LossListener = { lost: (_reason, _key, number) => void lost.push(number) };
      const overflow = new Overflow(mailbox, policy, byKey, losses);
      const taken: Message[] = [];
      const accepted: number[] = [];
      let number = 0;
      for (const step of sequence) {
        if (typeof step === 'string') {
          number += 1;
          const sizeBefore = mailbox.size;
          if (overflow.admit({ key: step, number }, undefined, number, number)) accepted.push(number);
          expect(mailbox.size).toBeLessThanOrEqual(Math.max(capacity, sizeBefore));
        } else {
          taken.push(...(mailbox.take(step.take) as Message[]));
        }
      }
      const delivered = [...taken, ...(mailbox.drain().messages as Message[])];
      const accounted = [...delivered.map((message) => message.number), ...lost];
      expect(accounted.toSorted((a, b) => a - b)).toEqual(accepted);
      for (const key of new Set(delivered.map((message) => message.key))) {
        const numbers = delivered.filter((message) => message.key === key).map((message) => message.number);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      }
    }),
  );
});

/** What waits under `conflate`, worked out in the plainest way. */
class LatestOfEachKey {
  waiting: { key: string; number: number; acceptedAt: number }[] = [];
  conflated: number[] = [];
  capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  admit(key: string, number: number, acceptedAt = number): boolean {
    const older = this.waiting.find((each) => key !== '' && each.key === key);
    if (older === undefined) {
      if (this.waiting.length >= this.capacity) return false;
      this.waiting.push({ key, number, acceptedAt });
    } else {
      this.conflated.push(older.number);
      older.number = number;
    }
    return true;
  }

  /** The policy was another one until now. */
  begin(): void {
    const { waiting, capacity } = this;
    this.waiting = [];
    this.capacity = Number.POSITIVE_INFINITY;
    for (const { key, number, acceptedAt } of waiting) this.admit(key, number, acceptedAt);
    this.capacity = capacity;
  }
}

const conflating = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom('', 'A', 'B', 'C', 'D', 'E', 'F', 'G') },
    { weight: 1, arbitrary: fc.record({ take: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ capacity: fc.nat(8) }) },
    { weight: 1, arbitrary: fc.constant({ policy: 'reject' as const }) },
    { weight: 1, arbitrary: fc.constant({ policy: 'conflate' as const }) },
  ),
  { maxLength: 300, size: 'max' },
);

test('`conflate`: after any sequence the latest of each key waits in the place and with the age of the first, and all are accounted for', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8 }), fc.boolean(), conflating, (capacity, isKeyKnown, sequence) => {
      const mailbox = new Mailbox<unknown>(capacity);
      const model = new LatestOfEachKey(capacity);
      const lost: number[] = [];
      const overflow = new Overflow(mailbox, 'conflate', byKey, {
        lost: (reason, key, number, message) => {
          expect([reason, message]).toEqual(['conflated', { key, number }]);
          lost.push(number);
        },
      });
      let [number, accepted, taken] = [0, 0, 0];
      for (const step of sequence) {
        if (typeof step === 'string') {
          number += 1;
          const isIn = overflow.admit({ key: step, number }, isKeyKnown ? step : undefined, number, number);
          if (overflow.policy === 'conflate') expect(isIn).toBe(model.admit(step, number));
          else if (isIn) model.waiting.push({ key: step, number, acceptedAt: number });
          accepted += isIn ? 1 : 0;
        } else if ('take' in step) {
          taken += mailbox.take(step.take).length;
          model.waiting.splice(0, step.take);
        } else if ('capacity' in step) {
          mailbox.capacity = step.capacity;
          model.capacity = step.capacity;
        } else {
          if (step.policy === 'conflate' && overflow.policy !== 'conflate') model.begin();
          overflow.policy = step.policy;
        }
        const waiting = Array.from({ length: mailbox.size }, (_, offset) => {
          const message = mailbox.messageOf(offset) as Message;
          expect(mailbox.sequenceOf(offset)).toBe(message.number);
          return { ...message, acceptedAt: mailbox.acceptedAtOf(offset) };
        });
        expect(waiting).toEqual(model.waiting);
        expect(lost).toEqual(model.conflated);
        expect(accepted).toBe(taken + mailbox.size + lost.length);
      }
    }),
  );
});

/** What stays of `keys` when nobody takes anything: the numbers that wait, and what was told of the others. */
function fill(policy: OverflowPolicy, capacity: number, keys: readonly string[]) {
  const mailbox = new Mailbox<unknown>(capacity);
  const lost: { reason: string; key: string; number: number; message: unknown }[] = [];
  const overflow = new Overflow(mailbox, policy, byKey, {
    lost: (reason, key, number, message) => void lost.push({ reason, key, number, message }),
  });
  const refused = keys
    .map((key, number) => ({ key, number }))
    .filter((message) => {
      return !overflow.admit(message, undefined, message.number, message.number);
    });
  const waiting = (mailbox.drain().messages as Message[]).map(({ number }) => number);
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

test('keys whose messages have left are not kept, however many there were', () => {
  const mailbox = new Mailbox<unknown>(4);
  const overflow = new Overflow(mailbox, 'conflate', { keyOf: String }, { lost() {} });
  for (let sequence = 0; sequence < 10_000; sequence += 1) {
    overflow.admit('A', `key ${sequence}`, sequence, sequence);
    if (mailbox.isFull) mailbox.take(3);
  }
  // Private, and nothing else shows what is remembered.
  const { places } = overflow as unknown as { readonly places: ReadonlyMap<string, number> };
  expect(places.size).toBeLessThanOrEqual(5);
});
