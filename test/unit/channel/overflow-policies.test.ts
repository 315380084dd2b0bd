import { describe, expect, it } from 'vitest';
import { createTestRouter, hang, message, messages, type TestRouter } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';

const SYMBOLS = ['A', 'B', 'C', 'D'];

/** A channel whose `process` is taken by one message, and a burst of 250 behind it, over four symbols. */
async function burst(overflow: 'reject' | 'drop-oldest' | 'drop-newest' | 'conflate'): Promise<TestRouter> {
  const rig = await createTestRouter({ sinks: { fmv: { capacity: 100, batchSize: 100, timeoutMs: 10, overflow } } });
  const sink = rig.sink('fmv');
  let release = (): void => {};
  sink.script.push(() => new Promise((resolve) => (release = resolve)));
  rig.router.route(message('fmv', -1, 'first'));
  await rig.advance(10);
  for (let n = 0; n < 250; n += 1) rig.router.route(message('fmv', n, SYMBOLS[n % 4]));
  rig.checkConserved();
  release();
  await rig.advance(100);
  return rig;
}

describe('R1.3 a burst of 250 on a mailbox of 100 that cannot deliver', () => {
  const few = { accepted: 251, rejected: 0, delivered: 101, dropped: 150 };
  it.each([
    ['reject', numbers(100), { received: 251, accepted: 101, rejected: 150, delivered: 101, dropped: 0 }],
    ['drop-oldest', numbers(100, 150), few],
    ['drop-newest', numbers(100), few],
    // The latest of each symbol, in the order in which they came first.
    ['conflate', [248, 249, 246, 247], { accepted: 251, rejected: 0, delivered: 5, conflated: 246 }],
  ] as const)('`%s` delivers what it keeps, and refusals and gaps name all others', async (overflow, kept, counts) => {
    const rig = await burst(overflow);
    expect(numbersOf(rig.sink('fmv').delivered)).toEqual([-1, ...kept]);
    expect(rig.metrics('fmv')).toMatchObject(counts);
    expect(rig.metrics('fmv').rejectedBy).toEqual(counts.rejected > 0 ? { 'mailbox-full': counts.rejected } : {});
    expect(rig.facts('message.rejected')).toHaveLength(counts.rejected);
    const gaps = rig.facts('message.dropped');
    expect(rig.sink('fmv').calls[1]?.context.gaps).toEqual(gaps);
    expect(gaps.map(({ key }) => key)).toEqual(overflow === 'reject' ? [] : SYMBOLS);
    expect(gaps.every(({ reason }) => reason === (overflow === 'conflate' ? 'conflated' : overflow))).toBe(true);
    expect(gaps.reduce((sum, { count }) => sum + count, 0)).toBe(counts.accepted - counts.delivered);
    // Sequence numbers count what was accepted: number -1 is 1, number n is n + 2.
    const first = overflow === 'drop-newest' ? 102 : 2;
    expect(gaps.map(({ from }) => from)).toEqual(gaps.map((_, index) => index + first));
  });
});

it('a reload to `conflate` conflates what waits already, and tells of it', async () => {
  const rig = await createTestRouter({ sinks: { fmv: { batchSize: 100 } } });
  rig.router.pause('fmv');
  for (let n = 0; n < 40; n += 1) rig.router.route(message('fmv', n, SYMBOLS[n % 4]));
  await rig.advanceUntil(rig.router.reconfigure({ channels: { fmv: { batchSize: 100, overflow: 'conflate' } } }));
  expect(rig.metrics('fmv')).toMatchObject({ accepted: 40, conflated: 36, depth: 4 });
  rig.router.resume('fmv');
  await rig.advance(1_000);
  expect(numbersOf(rig.sink('fmv').delivered)).toEqual([36, 37, 38, 39]);
  expect(rig.facts('message.dropped').map(({ count }) => count)).toEqual([9, 9, 9, 9]);
});

it('a gap that no later batch could carry is still told when the channel stops', async () => {
  const rig = await createTestRouter({ sinks: { tick: { capacity: 1, overflow: 'drop-oldest' } } });
  rig.sink('tick').otherwise = hang();
  rig.router.routeAll(messages('tick', 3));
  const report = await rig.stop({ deadlineMs: 100 });
  expect(rig.facts('message.dropped')).toMatchObject([{ count: 1, from: 2, to: 2 }]);
  expect(report.channels.tick).toMatchObject({ dropped: 1, returned: 1, inFlight: 1 });
  expect(report.conserved).toBe(true);
});
