import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Share } from '../../src/core/share.ts';
import { Turn, TurnQueue } from '../../src/core/turn-queue.ts';

/** What is done to the queue: a turn asks, the fairest is taken and charged, or one out of the middle leaves. */
const steps = fc.array(
  fc.record({
    does: fc.constantFrom('push', 'push', 'take fairest', 'take oldest'),
    which: fc.nat(20),
    ms: fc.double({ min: 0, max: 5, noNaN: true }),
  }),
  { maxLength: 200 },
);

/** 21 turns of seven channels: three partitions each, of priorities 1 to 7. */
function createTurns(): Turn[] {
  const shares = Array.from({ length: 7 }, (_, channel) => new Share(1 / (channel + 1)));
  return Array.from({ length: 21 }, (_, n) => new Turn({ priority: (n % 7) + 1, step: () => false }, shares[n % 7]));
}

test('a queue gives back what asked, once; the fairest is due first, the oldest of a priority asked first', () => {
  fc.assert(
    fc.property(steps, (these) => {
      const queue = new TurnQueue();
      const turns = createTurns();
      let waiting: Turn[] = [];
      for (const [now, { does, which, ms }] of these.entries()) {
        const one = turns[which] as Turn;
        if (does === 'push' && !waiting.includes(one)) {
          queue.push(one, now);
          waiting.push(one);
        } else if (does !== 'push') {
          const oldest = queue.oldest.find(({ priority }) => priority === one.priority)?.first;
          const taken = does === 'take fairest' ? queue.fairest : oldest;
          if (taken === undefined) continue;
          queue.take(taken);
          queue.charge(taken, ms);
          waiting = waiting.filter((each) => each !== taken);
        }
        expect(queue.size).toBe(waiting.length);
        for (const { priority, first } of queue.oldest)
          expect(first).toBe(waiting.find((each) => each.priority === priority));
        const { fairest } = queue;
        const due = waiting
          .filter(({ priority }) => priority > 1)
          .map(({ share, start }) => Math.max(start, share.paid));
        expect(fairest?.start).toBe(due.length === 0 ? undefined : Math.min(...due));
      }
    }),
    { numRuns: 200 },
  );
});
