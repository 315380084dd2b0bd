import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChannelView } from '../../src/channel/partition-view.ts';
import { createCounters } from '../../src/core/counters.ts';
import { findingsOf, isAtEase } from '../../src/report/findings.ts';

const NOW = 100_000;
const agoMs = fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 20_000 }));
const seen = fc.record({
  state: fc.constantFrom('warming', 'idle', 'buffering', 'flushing', 'tripped', 'probing', 'failed', 'paused'),
  isGivenUp: fc.boolean(),
  mailboxSize: fc.nat(100),
  oldestMs: agoMs,
  callMs: agoMs,
  queuedMs: agoMs,
  missingMs: agoMs,
  silenceMs: fc.constantFrom(0, 1_000),
  failures: fc.nat(20),
  calls: fc.nat(20),
});

/** A channel of one partition that looks like this. */
function channelOf(look: typeof seen extends fc.Arbitrary<infer Look> ? Look : never): ChannelView {
  const { state, mailboxSize, oldestMs, callMs, queuedMs } = look;
  const at = (ms: number | undefined) => (ms === undefined ? undefined : NOW - ms);
  const size = oldestMs === undefined ? 0 : Math.max(1, mailboxSize);
  const mailbox = { size, capacity: 100, oldestAcceptedAt: at(oldestMs) ?? Number.POSITIVE_INFINITY };
  const inbox = { mailbox, offers: { waiting: 0 }, limits: { breaker: false, partitions: 1 } };
  const lane = { counters: createCounters(), inbox, recovery: { size: 0 }, times: { startedAt: at(callMs) } };
  const delivery = { watchdog: {}, turn: { queuedAt: at(queuedMs) } };
  // Only what failed is given up.
  const restarts = { isGivenUp: look.isGivenUp && state === 'failed' };
  const readings = { state, log: { state }, inFlight: callMs === undefined ? 0 : 1, fullness: size / 100 };
  const config = { silenceMs: look.silenceMs, processTimeoutMs: 8_000, timeoutMs: 1_000, partitionBy: 'sym' };
  const keys = { missing: 0, missingAt: at(look.missingMs) ?? Number.NEGATIVE_INFINITY };
  // The rest of a channel is not looked at.
  return { config, keys, partitions: [{ ...readings, lane, delivery, restarts }] } as unknown as ChannelView;
}

test('where a channel is at ease, a look would have found nothing', () => {
  let atEase = 0;
  fc.assert(
    fc.property(seen, fc.boolean(), (given, isFirst) => {
      const channel = channelOf(given);
      const before = isFirst ? undefined : { received: 0, calls: 0, failures: 0, heardAt: NOW - 2_000 };
      const { calls, failures } = given;
      const sight = { received: 0, calls: calls + failures, failures, heardAt: NOW - 2_000 };
      const look = { now: NOW, sight, before, starvationMs: 3_000 };
      if (!isAtEase(channel, look)) return;
      atEase += 1;
      const findings = Object.values(findingsOf(channel, look));
      expect(findings.filter((finding) => finding !== false && finding?.isEnough === true)).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
  expect(atEase).toBeGreaterThan(0);
});
