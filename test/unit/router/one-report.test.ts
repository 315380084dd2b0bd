import { expect, it } from 'vitest';
import { createTestRouter, hang, messages, type TestRouter } from '../../../src/testing/index.ts';

/** A channel with a call that never ends and more behind it, and one that has nothing to do with it. */
async function createPair(): Promise<TestRouter> {
  const rig = await createTestRouter({ sinks: { tick: { batchSize: 2, processTimeoutMs: 60_000 }, ohlcv: {} } });
  rig.sink('tick').otherwise = hang();
  rig.router.routeAll(messages('tick', 5));
  await rig.advance(100);
  return rig;
}

it('each message is handed back in one report: a channel that is being taken out is not in that of the stop', async () => {
  const rig = await createPair();
  const removed = rig.router.remove('tick', { deadlineMs: 2_000 });
  const stopped = rig.router.stop({ deadlineMs: 500 });
  const { channels, conserved } = await rig.advanceUntil(stopped);
  const report = await rig.advanceUntil(removed);
  expect(Object.keys(channels)).toEqual(['ohlcv']);
  expect(conserved).toBe(true);
  expect(report.returnedMessages).toHaveLength(report.returned);
  expect(report.returned + report.unsettledMessages.length).toBe(5);
});

it('a channel that a reload takes out while the router is stopped is in the report of the stop', async () => {
  const rig = await createPair();
  await rig.advanceUntil(rig.router.reconfigure({ channels: { ohlcv: {} } }));
  const { channels } = await rig.advanceUntil(rig.router.stop({ deadlineMs: 500 }));
  expect(channels.tick).toMatchObject({ accepted: 5, delivered: 0 });
});

it('who takes a channel out twice gets the same report', async () => {
  const rig = await createPair();
  const first = rig.router.remove('tick', { deadlineMs: 100 });
  const second = rig.router.remove('tick', { deadlineMs: 100 });
  expect(await rig.advanceUntil(second)).toBe(await rig.advanceUntil(first));
});
