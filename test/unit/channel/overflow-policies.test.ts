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
  it('`reject` keeps the first 100 and refuses the others', async () => {
    const rig = await burst('reject');
    expect(numbersOf(rig.sink('fmv').delivered)).toEqual([-1, ...numbers(100)]);
    expect(rig.metrics('fmv')).toMatchObject({
      received: 251,
      accepted: 101,
      rejected: 150,
      delivered: 101,
      dropped: 0,
    });
    expect(rig.metrics('fmv').rejectedBy).toEqual({ 'mailbox-full': 150 });
    expect(rig.facts('message.rejected')).toHaveLength(150);
    expect(rig.facts('message.dropped')).toEqual([]);
  });

  it('`drop-oldest` delivers the newest 100, and the gaps name the 150 others', async () => {
    const rig = await burst('drop-oldest');
    expect(numbersOf(rig.sink('fmv').delivered)).toEqual([-1, ...numbers(100, 150)]);
    expect(rig.metrics('fmv')).toMatchObject({ accepted: 251, rejected: 0, delivered: 101, dropped: 150 });
    // Sequence numbers count what was accepted: number -1 is 1, number n is n + 2.
    const gaps = SYMBOLS.map((key, index) => ({
      channel: 'fmv',
      key,
      from: index + 2,
      to: index < 2 ? index + 150 : index + 146,
      count: index < 2 ? 38 : 37,
      reason: 'drop-oldest',
    }));
    expect(rig.sink('fmv').calls[1]?.context.gaps).toEqual(gaps);
    expect(rig.facts('message.dropped')).toEqual(gaps);
  });

  it('`drop-newest` delivers the first 100, and the gaps name the 150 others', async () => {
    const rig = await burst('drop-newest');
    expect(numbersOf(rig.sink('fmv').delivered)).toEqual([-1, ...numbers(100)]);
    expect(rig.metrics('fmv')).toMatchObject({ accepted: 251, rejected: 0, delivered: 101, dropped: 150 });
    const gaps = rig.facts('message.dropped');
    expect(gaps.map(({ key, from, reason }) => [key, from, reason])).toEqual(
      SYMBOLS.map((key, index) => [key, index + 102, 'drop-newest']),
    );
    expect(gaps.reduce((sum, { count }) => sum + count, 0)).toBe(150);
  });

  it('`conflate` delivers the latest of each symbol, in the order in which they came first, and the gaps name the others', async () => {
    const rig = await burst('conflate');
    const batch = rig.sink('fmv').calls[1]?.batch ?? [];
    expect(batch.map(({ sym, n }) => [sym, n])).toEqual([
      ['A', 248],
      ['B', 249],
      ['C', 246],
      ['D', 247],
    ]);
    expect(rig.metrics('fmv')).toMatchObject({ accepted: 251, rejected: 0, delivered: 5, conflated: 246 });
    const gaps = rig.facts('message.dropped');
    expect(gaps.every(({ reason }) => reason === 'conflated')).toBe(true);
    expect(gaps.reduce((sum, { count }) => sum + count, 0)).toBe(246);
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
