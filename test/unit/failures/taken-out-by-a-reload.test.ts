import { describe, expect, it } from 'vitest';
import type { RouterConfigInput } from '../../../src/index.ts';
import { createTestRouter, hang, messages, reject, type TestRouter } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

const tick = { batchSize: 2, processTimeoutMs: 60_000, warmUpTimeoutMs: 60_000 };
const both: RouterConfigInput = { channels: { tick, fmv: {} } };
const withoutTick: RouterConfigInput = { channels: { fmv: {} } };

/** What keeps a channel from delivering its five messages. */
const obstacles: Readonly<Record<string, (rig: TestRouter) => void>> = {
  'is paused': (rig) => rig.router.pause('tick'),
  'is tripped': (rig) => rig.router.trip('tick', { coolDownMs: 60_000 }),
  hangs: (rig) => {
    rig.sink('tick').script.push(hang());
  },
  fails: (rig) => {
    rig.sink('tick').otherwise = reject();
  },
};

async function stuckRig(obstacle: string): Promise<TestRouter> {
  const rig = await createTestRouter({ sinks: both.channels ?? {} });
  obstacles[obstacle]?.(rig);
  await routeAndAdvance(rig, messages('tick', 5), 100);
  return rig;
}

describe.each(Object.keys(obstacles))('R5.1 a reload that takes out a channel that %s', (obstacle) => {
  it('says so, and what is left is delivered in order when the channel comes back', async () => {
    const rig = await stuckRig(obstacle);
    expect(await rig.router.reconfigure(withoutTick)).toMatchObject([{ path: ['channels', 'tick'], messages: 5 }]);
    await rig.advance(10_000);
    expect(rig.facts('messages.held')).toEqual([{ channel: 'tick', count: 5, forMs: 60_000 }]);
    expect(rig.router.channels.has('tick')).toBe(false);
    rig.sink('tick').otherwise = () => {};
    await rig.router.reconfigure(both);
    rig.router.resume('tick');
    expect(await deliveredAfter(rig, 'tick', 60_000, messages('tick', 1, 5))).toEqual(numbers(6));
    expect(rig.metrics('tick')).toMatchObject({ accepted: 6, delivered: 6, deadLettered: 0 });
    expect((await rig.stop()).conserved).toBe(true);
  });

  it('makes dead letters of what is left when it does not come back within a minute', async () => {
    const rig = await stuckRig(obstacle);
    await rig.router.reconfigure(withoutTick);
    await rig.advance(59_000);
    expect(await rig.router.deadLetters.list()).toEqual([]);
    await rig.advance(10_000);
    const letters = await rig.router.deadLetters.list({ reason: 'removed' });
    expect(numbersOf(letters.map(({ message }) => message as never))).toEqual(numbers(5));
    expect(letters.every(({ channel }) => channel === 'tick')).toBe(true);
    expect(rig.router.metrics()).toMatchObject({ received: 5, conserved: true });
  });

  it('hands back what is left when the router stops meanwhile', async () => {
    const rig = await stuckRig(obstacle);
    await rig.router.reconfigure(withoutTick);
    await rig.advance(10_000);
    const { channels, conserved } = await rig.stop();
    expect(numbersOf((channels.tick?.returnedMessages ?? []) as never)).toEqual(numbers(5));
    expect(conserved).toBe(true);
    expect(rig.router.metrics().conserved).toBe(true);
    expect(rig.clock.pending).toBe(0);
  });
});

it('R5.1 what an operator takes out while a reload does is handed back to the operator', async () => {
  const rig = await stuckRig('hangs');
  await rig.router.reconfigure(withoutTick);
  const report = await rig.advanceUntil(rig.router.remove('tick'));
  expect(report.returned + report.unsettledMessages.length).toBe(5);
  expect(rig.facts('messages.held')).toEqual([]);
  expect(rig.router.metrics().conserved).toBe(true);
});

it('R5.1 a channel that is added again by code takes over as well', async () => {
  const rig = await stuckRig('is paused');
  await rig.router.reconfigure(withoutTick);
  await rig.advance(1_000);
  rig.router.add('tick', rig.sink('tick').channel, tick);
  rig.router.resume('tick');
  expect(await deliveredAfter(rig, 'tick', 1_000)).toEqual(numbers(5));
});

describe('a configuration that is none', () => {
  const nothing: readonly (readonly [string, unknown, RegExp])[] = [
    ['{}', {}, /names no channel would take out tick, fmv/],
    ['no channels', { channels: {} }, /names no channel would take out tick, fmv/],
    ['a Date', new Date(0), /must be a map with router and channels/],
    ['a Map', new Map(), /must be a map with router and channels/],
    ['a Map of channels', { channels: new Map([['tick', {}]]) }, /channels: must be a map of channels/],
    ['a Date as a channel', { channels: { tick: new Date(0) } }, /channels\.tick: must be a map of fields/],
  ];

  it.each(nothing)('%s is refused in words', async (_name, config, words) => {
    const rig = await createTestRouter({ sinks: both.channels ?? {} });
    const { config: before } = rig.router;
    await expect(rig.router.reconfigure(config as RouterConfigInput)).rejects.toThrow(words);
    expect(rig.router.config).toBe(before);
    expect([...rig.router.channels.keys()]).toEqual(['tick', 'fmv']);
  });
});

it('the alert `config-rejected` ends with the next good configuration, also with the one in force', async () => {
  const rig = await createTestRouter({ sinks: both.channels ?? {} });
  await rig.router.reconfigure({ router: { sliceMs: -1 } }).catch(() => {});
  expect(rig.router.alerts).toMatchObject([{ alert: 'config-rejected' }]);
  expect(await rig.router.reconfigure(rig.router.config)).toEqual([]);
  expect(rig.router.alerts).toEqual([]);
});

it('gaps that no batch has told of are told by the first batch after a reload', async () => {
  const limits = { batchSize: 3, capacity: 3, overflow: 'drop-oldest', timeoutMs: 10 } as const;
  const rig = await createTestRouter({ sinks: { ohlcv: limits } });
  const seen: unknown[] = [];
  rig.sink('ohlcv').otherwise = ({ context }) => {
    seen.push(...context.gaps);
  };
  rig.router.pause('ohlcv');
  rig.router.routeAll(messages('ohlcv', 5));
  await rig.router.reconfigure({ channels: { ohlcv: { ...limits, warmUpTimeoutMs: 500 } } });
  rig.router.resume('ohlcv');
  await rig.advance(1_000);
  expect(seen).toMatchObject([{ count: 2, from: 1, to: 2, reason: 'drop-oldest' }]);
  expect(rig.facts('message.dropped')).toEqual(seen);
});
