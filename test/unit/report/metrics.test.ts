import { describe, expect, it } from 'vitest';
import { isConserved } from '../../../src/core/ledger.ts';
import { createTestRouter, fail, hang, message, messages } from '../../../src/testing/index.ts';

const bars = { priority: 2, batchSize: 10, timeoutMs: 100 } as const;

describe('I ChannelMetrics', () => {
  it('R5.2 of a channel with partitions are the sums over them', async () => {
    const rig = await createTestRouter({ sinks: { tick: { partitions: 3, partitionBy: 'round-robin' } } });
    rig.router.routeAll(messages('tick', 10));
    await rig.clock.advance(10);
    expect(rig.metrics('tick')).toMatchObject({ received: 10, accepted: 10, delivered: 10, calls: 10, state: 'idle' });
    expect(rig.metrics('tick').processing.count).toBe(10);
    expect(rig.metrics('tick').batches).toEqual({ size: 10, age: 0, request: 0, drain: 0, probe: 0 });
  });

  it('R5.2 tell the state of the partition that is worst off', async () => {
    const rig = await createTestRouter({ sinks: { tick: { partitions: 2, partitionBy: 'round-robin' } } });
    rig.sink('tick').script.push(fail());
    rig.router.route(message('tick', 0));
    await rig.clock.advance(1);
    expect(rig.metrics('tick').state).toBe('retrying');
  });

  it('R5.1 add up the reasons of all partitions, and leave out those that never occurred', async () => {
    const channels = { ohlcv: { ...bars, partitions: 2, partitionBy: 'round-robin', capacity: 10 } };
    const rig = await createTestRouter({ sinks: channels });
    rig.sink('ohlcv').otherwise = hang();
    rig.router.routeAll(messages('ohlcv', 60));
    expect(rig.metrics('ohlcv').rejectedBy).toEqual({ 'mailbox-full': 40 });
    expect(rig.metrics('ohlcv').deadLetteredBy).toEqual({});
  });

  it('R5.1 are a snapshot: what happens later does not change it', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const before = rig.metrics('tick');
    rig.router.routeAll(messages('tick', 3));
    await rig.clock.advance(10);
    expect(before).toMatchObject({ received: 0, delivered: 0, batches: { size: 0 } });
  });

  it('R5.1 keep both equations at any moment, also while a batch is in flight', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: bars } });
    rig.sink('ohlcv').otherwise = hang();
    rig.router.routeAll(messages('ohlcv', 25));
    await rig.clock.advance(1);
    const metrics = rig.metrics('ohlcv');
    expect(metrics).toMatchObject({ accepted: 25, inFlight: 10, buffered: 15, depth: 15 });
    expect(isConserved(metrics)).toBe(true);
  });

  it('R6.3 show the breaker, and null for a channel without one', async () => {
    const rig = await createTestRouter({ sinks: { tick: {}, fmv: { breaker: false } } });
    rig.router.trip('tick');
    expect(rig.metrics('tick').breaker).toMatchObject({ state: 'open', opened: 1 });
    expect(rig.metrics('fmv').breaker).toBeNull();
  });
});
