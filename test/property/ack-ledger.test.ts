import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CommitOutcome, Frame } from '../../src/core/source-port.ts';
import { AckLedger } from '../../src/source/ack-ledger.ts';
import { type FrameOrigin, placesOf } from '../../src/source/frame-origin.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), messages: fc.nat(3) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('settle' as const), which: fc.nat(1_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(400) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('outcome' as const), next: fc.constantFrom('kept', 'unknown') }),
  },
);

function frameAt(position: number): Frame {
  return { position, bytes: new Uint8Array(position % 7), messages: () => [] };
}

test('in whatever order messages are settled, the commit is the end of the longest settled prefix, and never goes back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const clock = createSimulatedClock();
      let outcome: CommitOutcome = 'kept';
      const commits: number[] = [];
      const open = new Map<FrameOrigin, number>();
      const frames: FrameOrigin[] = [];
      /** As somebody from outside would see it. */
      const prefixEnd = (): number => {
        const hole = frames.findIndex((frame) => (open.get(frame) ?? 0) > 0);
        return (hole === -1 ? frames.at(-1) : frames[hole - 1])?.position ?? 0;
      };
      const ledger = new AckLedger({
        clock,
        stay: { source: 's', partition: 0, fence: 1 },
        commit: async (position) => {
          expect(position).toBeLessThanOrEqual(prefixEnd());
          if (outcome === 'kept') {
            expect(position).toBeGreaterThan(commits.at(-1) ?? 0);
            commits.push(position);
          }
          return outcome;
        },
        ...{ committed() {}, quieted() {}, lost() {}, handedBack() {} },
      });
      for (const each of steps) {
        if (each.kind === 'read') {
          const origin = ledger.add(frameAt(frames.length * 2 + 1));
          frames.push(origin);
          open.set(origin, each.messages);
          origin.begin(each.messages);
          for (let n = 0; n < each.messages; n += 1) origin.goOut();
          origin.offered();
        } else if (each.kind === 'settle') {
          const unsettled = frames.filter((frame) => (open.get(frame) ?? 0) > 0);
          const frame = unsettled[each.which % Math.max(1, unsettled.length)];
          if (frame === undefined) continue;
          open.set(frame, (open.get(frame) ?? 0) - 1);
          frame.settled();
        } else if (each.kind === 'wait') await clock.advance(each.ms);
        else outcome = each.next as CommitOutcome;
        const { committed, held, read } = ledger;
        const places = placesOf(ledger.heldFrames());
        expect(read).toBe(frames.length);
        expect(committed + held).toBe(read);
        expect(places.channels + places.settled).toBe(held);
        const out = [...open.values()].reduce((sum, count) => sum + count, 0);
        expect(ledger.isQuiet).toBe(out === 0);
        expect(ledger.oldest?.position).toBe(frames.find((frame) => (open.get(frame) ?? 0) > 0)?.position);
      }
      outcome = 'kept';
      await clock.advance(1_000);
      expect(commits.at(-1) ?? 0).toBe(prefixEnd());
      ledger.close();
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('what is settled after the stay is over counts nowhere', async () => {
  const clock = createSimulatedClock();
  let commits = 0;
  const ledger = new AckLedger({
    clock,
    stay: { source: 's', partition: 0, fence: 1 },
    commit: async () => {
      commits += 1;
      return 'kept';
    },
    ...{ committed() {}, quieted() {}, lost() {}, handedBack() {} },
  });
  const origin = ledger.add(frameAt(1));
  origin.begin(1);
  origin.goOut();
  origin.offered();
  ledger.close();
  origin.settled();
  await clock.advance(1_000);
  expect([commits, ledger.committed, ledger.held]).toEqual([0, 0, 1]);
});
