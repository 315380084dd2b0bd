import { describe, expect, it } from 'vitest';
import { createTestRouter, message, reject, succeed, type TestRouter } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';

const SLICE_MS = 10;
const OUTAGE_MS = 300_000;

/** Routes 1,000 messages a second, in slices; notes the numbers of those that were taken in. */
async function feed(rig: TestRouter, ms: number, accepted: number[], state: { next: number }): Promise<void> {
  for (let passed = 0; passed < ms; passed += SLICE_MS) {
    for (let count = 0; count < SLICE_MS; count += 1) {
      const n = state.next;
      state.next += 1;
      if (rig.router.route(message('tick', n)).status === 'accepted') accepted.push(n);
    }
    await rig.clock.advance(SLICE_MS);
  }
  rig.checkConserved();
}

describe('R6.2 a sink that is down for five minutes under 1,000 messages a second', () => {
  it.each([100, 1])(
    'at batch size %i: accepted = delivered in the end, not one dead letter, the rest was rejected',
    async (batchSize) => {
      const tick = { batchSize, priority: 2, capacity: 1_000, timeoutMs: 100, breaker: { coolDownMsMax: 20_000 } };
      const rig = await createTestRouter({ sinks: { tick } });
      const sink = rig.sink('tick');
      const accepted: number[] = [];
      const state = { next: 0 };
      await feed(rig, 1_000, accepted, state);
      sink.otherwise = reject();
      const callsWhenOpened: number[] = [];
      rig.router.events.on('breaker.opened', () => callsWhenOpened.push(rig.metrics('tick').calls));
      await feed(rig, OUTAGE_MS, accepted, state);
      const down = rig.metrics('tick');
      expect(down).toMatchObject({ deadLettered: 0, state: expect.stringMatching(/tripped|probing/) });
      expect(down.buffered).toBeGreaterThanOrEqual(1_000);
      // What comes while it is open costs the sink nothing, and however long that is, a trial is few calls.
      const callsPerTrial = callsWhenOpened.slice(1).map((calls, index) => calls - (callsWhenOpened[index] ?? 0));
      expect(callsPerTrial.length).toBeGreaterThan(15);
      expect(Math.max(...callsPerTrial)).toBeLessThanOrEqual(11);
      expect(rig.router.health().channels.tick?.status).not.toBe('healthy');
      expect(rig.router.alerts.map(({ alert }) => alert).toSorted()).toEqual([
        'breaker-open',
        'mailbox-high',
        'oldest-message',
        // Of the channel, and of the router that has no other.
        'refusing',
        'refusing',
      ]);

      sink.otherwise = succeed();
      const callsBefore = sink.calls.length;
      await feed(rig, 30_000, accepted, state);
      await rig.advance(10_000);
      expect(numbersOf(sink.delivered)).toEqual(accepted);
      expect(rig.metrics('tick')).toMatchObject({
        accepted: accepted.length,
        delivered: accepted.length,
        deadLettered: 0,
        buffered: 0,
        inFlight: 0,
        rejectedBy: { 'mailbox-full': state.next - accepted.length },
      });
      expect(await rig.router.deadLetters.list()).toEqual([]);
      expect(rig.router.alerts).toEqual([]);

      // Probes are small, and after them each batch is at most twice as large as the one before, up to the whole size.
      const sizes = sink.calls.slice(callsBefore).map(({ batch }) => batch.length);
      const limits = [1, 1, 1, 1, 2, 4].map((factor) => Math.ceil(batchSize / 8) * factor);
      for (const [index, limit] of limits.entries())
        expect(sizes[index]).toBeLessThanOrEqual(Math.min(limit, batchSize));
      expect(Math.max(...sizes)).toBe(batchSize);
    },
  );
});
