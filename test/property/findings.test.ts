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
  const waits = [oldestMs ?? 0, callMs ?? 0, queuedMs ?? 0];
  const at = (ms: number | undefined) => (ms === undefined ? undefined : NOW - ms);
  const view = {
    ...{ state, mailboxSize, capacity: 100, waiting: oldestMs === undefined ? 0 : 1, counters: createCounters() },
    // Only what failed is given up.
    isGivenUp: look.isGivenUp && state === 'failed',
    oldestAcceptedAt: at(oldestMs) ?? Number.POSITIVE_INFINITY,
    callStartedAt: at(callMs),
    queuedAt: at(queuedMs),
  };
  const partition = { view, state, fullness: mailboxSize / 100, longestWaitMs: () => Math.max(...waits) };
  const config = { silenceMs: look.silenceMs, processTimeoutMs: 8_000, timeoutMs: 1_000, partitionBy: 'sym' };
  const keys = { missing: 0, missingAt: at(look.missingMs) ?? Number.NEGATIVE_INFINITY };
  // The rest of a channel is not looked at.
  return { config, keys, partitions: [partition] } as unknown as ChannelView;
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
