import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Mailbox } from '../../src/core/mailbox.ts';
import type { Origin } from '../../src/core/origin.ts';

type Entry = readonly [
  message: number,
  acceptedAt: number,
  sequence: number,
  key: string | undefined,
  origin: Origin | undefined,
];
type Command = (real: Mailbox<number>, model: Entry[], state: { sequence: number }) => void;

function entriesOf(mailbox: Mailbox<number>): Entry[] {
  return Array.from({ length: mailbox.size }, (_, offset) => [
    mailbox.messageOf(offset),
    mailbox.acceptedAtOf(offset),
    mailbox.sequenceOf(offset),
    mailbox.keyOf(offset),
    mailbox.originOf(offset),
  ]);
}

/** The origins in the order of the messages, with one place for each of them, also in `flatMap` and the like. */
function expectOrigins(real: Mailbox<number>, model: readonly Entry[], count: number): void {
  const expected = model.slice(0, count).map(([, , , , origin]) => origin);
  const origins = real.originsOf(count)?.flatMap((each) => [each]);
  if (expected.some((each) => each !== undefined)) expect(origins).toStrictEqual(expected);
  else expect(origins?.some((each) => each !== undefined) ?? false).toBe(false);
}

/** The keys of what a call took are known until the next one, unless no message ever came with its key. */
function expectTaken(real: Mailbox<number>, taken: readonly Entry[]): void {
  const keys = taken.map(([, , , key]) => key);
  if (keys.some((key) => key !== undefined)) expect(real.keysTaken).toEqual(keys);
  else expect(real.keysTaken?.some((key) => key !== undefined) ?? false).toBe(false);
}

const ORIGINS: readonly Origin[] = [1, 2].map((source) => ({ source, settled() {}, handedBack() {} }));

const push = fc
  .tuple(
    fc.option(fc.constantFrom('A', 'B'), { nil: undefined }),
    fc.option(fc.constantFrom(...ORIGINS), { nil: undefined }),
  )
  .map(([key, origin]): Command => {
    return (real, model, state) => {
      if (real.isFull) return;
      state.sequence += 1;
      real.pushWithKey(key, state.sequence, state.sequence * 2, state.sequence, origin);
      model.push([state.sequence, state.sequence * 2, state.sequence, key, origin]);
    };
  });

const take = fc.nat(40).map(
  (count): Command =>
    (real, model) => {
      expectOrigins(real, model, count);
      const taken = model.splice(0, count);
      expect(real.take(count)).toEqual(taken.map(([message]) => message));
      expectTaken(real, taken);
    },
);

const shift = fc.constant<Command>((real, model) => {
  const taken = model.splice(0, 1);
  expect(real.shift()).toBe(taken[0]?.[0]);
  if (taken.length > 0) expectTaken(real, taken);
});

const drop = fc.constant<Command>((real, model) => {
  const { keysTaken } = real;
  expect(real.drop()).toBe(model.shift()?.[0]);
  expect(real.keysTaken).toBe(keysTaken);
});

const resize = fc.nat(60).map(
  (capacity): Command =>
    (real) => {
      real.capacity = capacity;
    },
);

const drain = fc.constant<Command>((real, model) => {
  const { keysTaken } = real;
  expect(real.drain().messages).toEqual(model.splice(0).map(([message]) => message));
  expect(real.keysTaken).toBe(keysTaken);
});

const commands = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: push },
    { weight: 3, arbitrary: take },
    { weight: 2, arbitrary: shift },
    { weight: 1, arbitrary: drop },
    { weight: 1, arbitrary: resize },
    { weight: 1, arbitrary: drain },
  ),
  { maxLength: 200, size: 'max' },
);

test('through any sequence of operations a mailbox holds what an array would hold, in the order of acceptance', () => {
  fc.assert(
    fc.property(commands, fc.integer({ min: 1, max: 60 }), (sequence, capacity) => {
      const real = new Mailbox<number>(capacity);
      const model: Entry[] = [];
      const state = { sequence: 0 };
      for (const command of sequence) {
        command(real, model, state);
        expect(entriesOf(real)).toEqual(model);
        expect(real.isFull).toBe(model.length >= real.capacity);
        expect(real.oldestAcceptedAt).toBe(model[0]?.[1] ?? Number.POSITIVE_INFINITY);
      }
      const numbers = model.map(([, , number]) => number);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }),
  );
});

test('an ordinal names one message and never another', () => {
  fc.assert(
    fc.property(commands, fc.integer({ min: 1, max: 60 }), (sequence, capacity) => {
      const real = new Mailbox<number>(capacity);
      const named = new Map<number, number>();
      const state = { sequence: 0 };
      for (const command of sequence) {
        command(real, entriesOf(real), state);
        for (let offset = 0; offset < real.size; offset += 1) {
          const ordinal = real.headOrdinal + offset;
          if (!named.has(ordinal)) named.set(ordinal, real.messageOf(offset));
          expect(real.messageOf(offset)).toBe(named.get(ordinal));
        }
      }
    }),
  );
});

test('a message that replaces a waiting one takes its place, its age and its key, and moves nothing else', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(39), fc.nat(50), (size, place, taken) => {
      const mailbox = new Mailbox<number>(size);
      for (let n = 0; n < taken; n += 1) mailbox.push(n, n, n);
      mailbox.take(taken);
      for (let n = 0; n < size; n += 1) mailbox.pushWithKey(`key ${n}`, n, 2 * n, n);
      const offset = place % size;
      const expected = entriesOf(mailbox).map((entry, at) =>
        at === offset ? [-1, entry[1], 1_000, entry[3], undefined] : entry,
      );
      mailbox.replace(offset, -1, 1_000);
      expect(entriesOf(mailbox)).toEqual(expected);
    }),
  );
});
