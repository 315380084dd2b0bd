import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter } from '../../../src/index.ts';
import {
  checkBounds,
  checkConservation,
  checkOrder,
  createSink,
  createTestRouter,
  failOnly,
  hang,
} from '../../../src/testing/index.ts';

const ledger = {
  received: 30,
  accepted: 28,
  rejected: 2,
  delivered: 7,
  deadLettered: 6,
  dropped: 5,
  conflated: 4,
  returned: 3,
  buffered: 2,
  inFlight: 1,
};
const counts = Object.keys(ledger) as (keyof typeof ledger)[];

/** A router that has something in every kind of count. */
async function busyRouter() {
  const sink = createSink({ script: [failOnly(0, { retryable: false }), hang()] });
  const test = await createTestRouter({
    channels: { tick: sink.channel },
    config: { channels: { tick: { priority: 2, batchSize: 4, capacity: 4, overflow: 'drop-oldest' } } },
  });
  for (let n = 0; n < 30; n += 1) {
    test.router.route({ ev: 'T', sym: 'A', n });
    if (n % 7 === 0) await test.advance(100);
  }
  test.router.route(null);
  return test;
}

describe('checkConservation', () => {
  it('finds nothing in a ledger that is in balance, and two laws broken with their numbers in one that is not', () => {
    expect(checkConservation(ledger)).toEqual([]);
    expect(checkConservation({ ...ledger, accepted: 27 })).toEqual([
      'channel: received = accepted + rejected: 30 should be as much as 29',
      'channel: accepted = delivered + deadLettered + dropped + conflated + returned + buffered + inFlight: 27 should be as much as 28',
    ]);
  });

  it('finds any count that is off by anything', () => {
    fc.assert(
      fc.property(fc.constantFrom(...counts), fc.integer({ min: 1, max: 9 }), (count, by) => {
        expect(checkConservation({ ...ledger, [count]: ledger[count] + by })).not.toEqual([]);
        expect(checkConservation({ ...ledger, [count]: ledger[count] - by })).not.toEqual([]);
      }),
    );
  });

  it('finds counts that balance only because one is below nothing, or no number', () => {
    expect(checkConservation({ ...ledger, buffered: -1, inFlight: 4 })).toEqual([
      'channel: buffered must be a whole number from 0, but it is -1',
    ]);
    expect(checkConservation({ ...ledger, inFlight: Number.NaN })).toContain(
      'channel: inFlight must be a whole number from 0, but it is NaN',
    );
  });

  it('finds nothing in a router at work and in its report, and what is planted there', async () => {
    await using test = await busyRouter();
    const metrics = test.router.metrics();
    const tick = metrics.channels.tick;
    if (tick === undefined) throw new Error('there is no channel tick');
    expect([tick.deadLettered, tick.dropped > 0, tick.inFlight, metrics.unroutable]).toEqual([1, true, 4, 1]);
    expect(checkConservation(metrics)).toEqual([]);
    const planted = (change: object) => checkConservation({ ...metrics, channels: { tick: { ...tick, ...change } } });
    expect(planted({ rejectedBy: { invalid: 3 } })).toEqual([
      'tick: rejected = the sum of rejectedBy: 0 should be as much as 3',
    ]);
    expect(planted({ deadLetteredBy: {} })).toEqual([
      'tick: deadLettered = the sum of deadLetteredBy: 1 should be as much as 0',
    ]);
    expect(checkConservation({ ...metrics, conserved: false })).toHaveLength(1);
    expect(checkConservation({ ...metrics, received: 30 })).toEqual(['router: received: 30 should be at least 31']);
  });

  it('asks of a report that nothing waits any more and that each message is handed back by name', async () => {
    await using test = await busyRouter();
    const report = await test.stop();
    const tick = report.channels.tick;
    if (tick === undefined) throw new Error('there is no channel tick');
    expect(checkConservation(report)).toEqual([]);
    expect(tick.unsettledMessages).toHaveLength(4);
    const planted = (change: object) => checkConservation({ ...report, channels: { tick: { ...tick, ...change } } });
    expect(planted({ unsettledMessages: [] })).toEqual([
      'tick: inFlight = the number of unsettledMessages and of those back at their origins: 4 should be as much as 0',
    ]);
    expect(planted({ returnedMessages: [1, ...tick.returnedMessages] })).toHaveLength(1);
    expect(planted({ buffered: 1, returned: tick.returned - 1 })).toHaveLength(2);
  });
});

describe('checkOrder', () => {
  const rule = { key: (text: string) => text[0] ?? '', sequence: (text: string) => Number(text.slice(1)) };

  it('keys do not bind each other, a gap is no breach, and a message may come again', () => {
    expect(checkOrder(['A1', 'B1', 'A5', 'B2', 'A1', 'A6'], rule)).toEqual([]);
  });

  it('names the key, both messages and the place of each breach', () => {
    expect(checkOrder(['A1', 'B9', 'A3', 'A2', 'B8'], rule)).toEqual([
      'order of A: 2 was delivered after 3 (number 3 of all)',
      'order of B: 8 was delivered after 9 (number 4 of all)',
    ]);
  });

  it('leaves out whom the test excepts', () => {
    expect(checkOrder(['A3', 'A2', 'A4'], { ...rule, except: (text) => text === 'A2' })).toEqual([]);
  });

  it('is fine with a list exactly if the first time of each message is in ascending order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (list) => {
        const firsts = [...new Set(list)];
        const isOrdered = firsts.every((n, index) => index === 0 || n > (firsts[index - 1] ?? 0));
        expect(checkOrder(list, { key: () => 'A', sequence: (n) => n }).length === 0).toBe(isOrdered);
      }),
    );
  });
});

it('checkBounds names each limit that is passed, and nothing of a router that keeps to its own', async () => {
  await using test = await busyRouter();
  const { config } = test.router;
  const measured = test.router.metrics();
  const metrics = { ...measured, deadLetters: { ...measured.deadLetters, stored: 3 } };
  const { tick } = metrics.channels;
  if (tick === undefined) throw new Error('there is a channel tick');
  expect(checkBounds(metrics, config)).toEqual([]);
  const tight = createRouter({
    channels: { tick: createSink().channel },
    config: { router: { deadLetters: { capacity: 1 } }, channels: { tick: { batchSize: 3, capacity: 3 } } },
  }).config;
  expect(checkBounds(metrics, tight)).toEqual([
    'router: deadLetters.stored: 3 should be at most 2',
    'tick: inFlight: 4 should be at most 3',
  ]);
  // Three that wait, and 34 batches of three that failed.
  const deep = { ...metrics, channels: { tick: { ...tick, depth: 106 } } };
  expect(checkBounds(deep, tight)).toContain('tick: depth: 106 should be at most 105');
  // Of a channel that was taken out, or added later, it cannot tell.
  expect(checkBounds(metrics, { ...config, channels: {} })).toEqual([]);
});
