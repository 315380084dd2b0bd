import { describe, expect, it } from 'vitest';
import { ProcessingChannel } from '../../../src/index.ts';
import {
  createTestRouter,
  hang,
  message,
  messages,
  type TestMessage,
  type TestRouter,
} from '../../../src/testing/index.ts';
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

describe('`conflate` with a schema that drops and renames the key', () => {
  class Quotes extends ProcessingChannel<number> {
    override validate(input: unknown): number {
      return (input as TestMessage).n;
    }
    override process(): void {}
  }
  const rigOf = (partitions: number) =>
    createTestRouter({
      config: { channels: { fmv: { batchSize: 100, partitions, overflow: 'conflate' } } },
      channels: { fmv: () => new Quotes() },
    });

  it.each([1, 4])('goes by the key of the message as it came, over %d partitions', async (partitions) => {
    const rig = await rigOf(partitions);
    for (let n = 0; n < 40; n += 1) rig.router.route(message('fmv', n, SYMBOLS[n % 4]));
    expect(rig.metrics('fmv')).toMatchObject({ accepted: 40, conflated: 36, depth: 4 });
    await rig.advance(1_000);
    expect(rig.facts('message.dropped').map(({ key, count }) => [key, count])).toEqual(
      expect.arrayContaining(SYMBOLS.map((key) => [key, 9])),
    );
  });

  it('goes by it also after a reload that makes more partitions', async () => {
    const rig = await rigOf(1);
    rig.router.pause('fmv');
    for (let n = 0; n < 4; n += 1) rig.router.route(message('fmv', n, SYMBOLS[n % 4]));
    const fmv = { batchSize: 100, partitions: 3, overflow: 'conflate' } as const;
    await rig.advanceUntil(rig.router.reconfigure({ channels: { fmv } }));
    for (let n = 4; n < 8; n += 1) rig.router.route(message('fmv', n, SYMBOLS[n % 4]));
    expect(rig.metrics('fmv')).toMatchObject({ accepted: 8, conflated: 4, depth: 4 });
    rig.checkConserved();
  });
});

it('a key function is asked once for each message, whatever needs its answer', async () => {
  let asked = 0;
  const partitionBy = (input: unknown): string => {
    asked += 1;
    return (input as TestMessage).sym;
  };
  const rig = await createTestRouter({
    sinks: { fmv: { partitions: 2, partitionBy, overflow: 'conflate', batchSize: 2, capacity: 2 } },
  });
  for (let n = 0; n < 40; n += 1) rig.router.route(message('fmv', n, SYMBOLS[n % 4]));
  await rig.advance(100);
  expect(asked).toBe(40);
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

it('`conflate` refuses a message when all that wait are of different symbols', async () => {
  const rig = await createTestRouter({ sinks: { fmv: { capacity: 3, batchSize: 3, overflow: 'conflate' } } });
  rig.router.pause('fmv');
  for (const sym of ['A', 'B', 'C']) rig.router.route(message('fmv', 0, sym));
  expect(rig.router.route(message('fmv', 1, 'D'))).toEqual({ status: 'rejected', reason: 'mailbox-full' });
  expect(rig.router.route(message('fmv', 2, 'B'))).toEqual({ status: 'accepted' });
  rig.router.resume('fmv');
  await rig.advance(500);
  expect(rig.sink('fmv').calls.map(({ batch }) => batch.map(({ sym, n }) => [sym, n]))).toEqual([
    [
      ['A', 0],
      ['B', 2],
      ['C', 0],
    ],
  ]);
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
