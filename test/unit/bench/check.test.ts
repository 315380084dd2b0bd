import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Check, verdictOf } from '../../bench/check.ts';
import { type Message, messageOf } from '../../bench/message.ts';

const PERIOD = 40;
const COUNT = 100;

/** Two and a half rounds of a pool. */
function delivered(): Message[] {
  return Array.from({ length: COUNT }, (_, place) => messageOf('T', place % PERIOD));
}

function verdictOn(messages: readonly Message[], batchSize = 7): string | undefined {
  const check = new Check('T', PERIOD);
  for (let start = 0; start < messages.length; start += batchSize) check.see(messages.slice(start, start + batchSize));
  return verdictOf([check], COUNT);
}

it('everything once and in order is right, however it is cut into batches', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 120 }), (size) => {
      expect(verdictOn(delivered(), size)).toBeUndefined();
    }),
  );
});

it('a message that is lost, comes twice or changes places with the next one is found, wherever it was', () => {
  fc.assert(
    fc.property(fc.nat(COUNT - 2), (place) => {
      const messages = delivered();
      const pair = messages.slice(place, place + 2);
      expect(verdictOn(messages.toSpliced(place, 1))).toBeDefined();
      expect(verdictOn(messages.toSpliced(place, 0, ...pair.slice(0, 1)))).toBeDefined();
      expect(verdictOn(messages.toSpliced(place, 2, ...pair.reverse()))).toBeDefined();
    }),
  );
});

it('a whole round of the pool that is missing is found, although the order looks right', () => {
  expect(verdictOn(delivered().slice(PERIOD))).toBe('40 of 100 messages are missing');
});
