import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Check, StridedCheck } from '../../bench/check.ts';
import { type Message, messageOf } from '../../bench/message.ts';

const PERIOD = 40;
const COUNT = 100;

/** Two and a half rounds of a pool. */
function delivered(): Message[] {
  return Array.from({ length: COUNT }, (_, place) => messageOf('T', place % PERIOD));
}

function verdictOf(messages: readonly Message[], batchSize = 7): string | undefined {
  const check = new Check('T', PERIOD);
  for (let start = 0; start < messages.length; start += batchSize) check.see(messages.slice(start, start + batchSize));
  return check.verdict(COUNT);
}

it('everything once and in order is right, however it is cut into batches', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 120 }), (size) => {
      expect(verdictOf(delivered(), size)).toBeUndefined();
    }),
  );
});

it('a lost message is found, wherever it was', () => {
  fc.assert(
    fc.property(fc.nat(COUNT - 1), (place) => {
      expect(verdictOf(delivered().toSpliced(place, 1))).toBeDefined();
    }),
  );
});

it('a message that comes twice is found', () => {
  fc.assert(
    fc.property(fc.nat(COUNT - 1), fc.nat(COUNT - 1), (place, again) => {
      const messages = delivered();
      expect(verdictOf(messages.toSpliced(again, 0, ...messages.slice(place, place + 1)))).toBeDefined();
    }),
  );
});

it('two messages that changed places are found', () => {
  fc.assert(
    fc.property(fc.nat(COUNT - 2), (place) => {
      const messages = delivered();
      expect(verdictOf(messages.toSpliced(place, 2, ...messages.slice(place, place + 2).reverse()))).toBeDefined();
    }),
  );
});

it('a whole round of the pool that is missing is found, although the order looks right', () => {
  expect(verdictOf(delivered().slice(PERIOD))).toBe('T: 40 of 100 messages are missing');
});

it('among strided messages only those of the same rest keep an order', () => {
  const check = new StridedCheck('T', 6, 2);
  check.see([1, 0, 2, 3, 5, 4, 0, 1].map((n) => messageOf('T', n)));
  expect(check.verdict(8)).toBeUndefined();
  check.see([messageOf('T', 4)]);
  expect(check.verdict(9)).toBe('T: number 4 came where 2 was due');
});
