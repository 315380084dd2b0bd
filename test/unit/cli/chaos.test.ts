import { expect, test } from 'vitest';
import { ChannelFaults, disturbed } from '../../../src/cli/chaos-channels.ts';
import type { CallFault } from '../../../src/cli/chaos-plan.ts';
import { ChaosRecord } from '../../../src/cli/chaos-record.ts';
import { chaosLines } from '../../../src/cli/chaos-text.ts';
import { createRandom, createRouter, ProcessingChannel } from '../../../src/index.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { messages } from '../../support/router-rig.ts';

class Bars extends ProcessingChannel<unknown> {
  override process(): void {}
}

const limits = {
  batchSize: 10,
  processTimeoutMs: 40,
  abandonAfterMs: 20,
  breaker: { slowCallMs: 10, coolDownMs: 10, coolDownMsMax: 50, minimumCalls: 5 },
};

/** Twenty bars, the fault in the first of them, and ten simulated seconds. */
async function struckBy(kind: CallFault, severity: number) {
  const clock = createSimulatedClock();
  const record = new ChaosRecord();
  const faults = new ChannelFaults('ohlcv', record, clock);
  const channels = disturbed({ ohlcv: () => new Bars() }, new Map([['ohlcv', faults]]));
  const router = createRouter({ config: { channels: { ohlcv: limits } }, channels, clock, random: createRandom(1) });
  record.listen(router);
  router.events.on('message.deadLettered', ({ message }) => faults.close(message));
  const started = router.start();
  await clock.settle();
  await started;
  faults.arm({ kind, channel: 'ohlcv', severity });
  router.routeAll(messages('ohlcv', 20));
  await clock.advance(10_000);
  const { delivered, deadLettered } = router.metrics().channels.ohlcv ?? {};
  return { delivered, deadLettered, followed: record.followed.get(kind), struck: record.faults.get(kind), faults };
}

test.each<[CallFault, number, number, object | undefined]>([
  ['throw', 0.5, 0, { failures: 2, retries: 2, isolations: 0 }],
  ['throw', 1, 0, { failures: 3, retries: 2, isolations: 1 }],
  ['reject', 0.1, 0, { failures: 1, retries: 1 }],
  ['poison', 0, 1, { isolations: 1, deadLetters: 1 }],
  ['name', 0.5, 0, { failures: 2, retries: 2 }],
  ['name', 1, 1, { failures: 3, deadLetters: 1 }],
  ['refuse', 0, 1, { retries: 0, deadLetters: 1 }],
  ['slow', 0, 0, undefined],
  ['hang', 0, 0, { restarts: 1 }],
  ['outage', 1, 0, { deadLetters: 0 }],
])(
  '%s (severity %d) strikes once, leaves %i dead letters, and what follows is told',
  async (kind, severity, dead, after) => {
    const { delivered, deadLettered, followed, struck, faults } = await struckBy(kind, severity);
    expect([struck, deadLettered, delivered]).toEqual([1, dead, 20 - dead]);
    if (after === undefined) expect(followed).toBeUndefined();
    else expect(followed).toMatchObject(after);
    expect(faults.openCount).toBe(0);
  },
);

test('a message that never comes to its end stays open', async () => {
  const { faults } = await struckBy('slow', 0);
  faults.disturb(new Bars()).validate?.({ n: 21 });
  expect(faults.openCount).toBe(1);
});

test('the table of faults shows each with what followed', () => {
  const nothing = { failures: 0, retries: 0, isolations: 0, deadLetters: 0, trips: 0, restarts: 0, reloads: 0 };
  const report = {
    seed: 7,
    faults: { hang: 1_200, flush: 3 },
    followed: { hang: { ...nothing, restarts: 2 } },
    lost: 0,
  };
  expect(chaosLines(report, 65)).toEqual([
    'chaos, seed 7: 1,203 faults and what followed',
    'fault  struck  failed  retries  isolated  dead  trips  restarts',
    'hang    1,200       –        –         –     –      –         2',
    'flush       3       –        –         –     –      –         –',
  ]);
});
