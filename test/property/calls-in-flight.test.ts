import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CallsInFlight } from '../../src/core/calls-in-flight.ts';

const NOT_IN_FLIGHT = { epoch: -1, startedAt: 0 };

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ start: fc.integer({ min: 0, max: 3 }), pause: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ settle: fc.nat(60) }) },
  ),
  { maxLength: 120, size: 'max' },
);

test('a ticket finds its own call once, in whatever order calls end, and no ticket is given twice', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const calls = new CallsInFlight();
      const inFlight = new Map<number, { epoch: number; startedAt: number }>();
      const tickets: number[] = [];
      let now = 0;
      for (const step of sequence) {
        if ('start' in step) {
          now += step.pause;
          const ticket = calls.start(step.start, now);
          expect(tickets).not.toContain(ticket);
          tickets.push(ticket);
          inFlight.set(ticket, { epoch: step.start, startedAt: now });
        } else {
          const ticket = tickets[step.settle] ?? -1;
          expect(calls.settle(ticket)).toMatchObject(inFlight.get(ticket) ?? NOT_IN_FLIGHT);
          inFlight.delete(ticket);
        }
        expect(calls.size).toBe(inFlight.size);
      }
    }),
  );
});

test('the old ones are those of the asked stay that began no later than the asked moment', () => {
  const asked = fc.record({ epoch: fc.nat(3), call: fc.nat(20), sooner: fc.integer({ min: -1, max: 1 }) });
  fc.assert(
    fc.property(steps, asked, (sequence, { epoch, call: index, sooner }) => {
      const calls = new CallsInFlight();
      const inFlight = new Map<number, { epoch: number; startedAt: number }>();
      let now = 0;
      for (const step of sequence) {
        if ('start' in step) {
          now += step.pause;
          inFlight.set(calls.start(step.start, now), { epoch: step.start, startedAt: now });
        } else {
          calls.settle(step.settle);
          inFlight.delete(step.settle);
        }
      }
      // The moment of one of them, or just beside it.
      const startedAt = ([...inFlight.values()][index]?.startedAt ?? 0) - sooner;
      const old = [...inFlight.values()].filter((call) => call.epoch === epoch && call.startedAt <= startedAt);
      expect(calls.olderThan(startedAt, epoch)).toBe(old.length);
    }),
  );
});
