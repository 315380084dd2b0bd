import { expect, it, vi } from 'vitest';
import { silentLogger } from '../../../src/facts/logging.ts';
import { createRouter, defineChannel, type Source } from '../../../src/index.ts';
import { prometheusText } from '../../../src/metrics/prometheus.ts';
import { createSimulatedClock, hold } from '../../../src/testing/index.ts';
import { valueIn } from '../../support/exposition.ts';
import { sourceRig } from './source-rig.ts';

const good: Source = { lasts: false, start: async () => {}, close: async () => {} };
const plain = { plain: defineChannel({ process: () => {} }) };

it('explain names the window, the frame, the channel that has it, and why that does not deliver', async () => {
  const { appendAndAdvance, test } = await sourceRig({ window: { frames: 3 } });
  test.router.trip('ohlcv', { coolDownMs: 600_000 });
  await appendAndAdvance(9, 64_000);
  expect(test.router.explain('bars')).toMatchObject({ channel: 'bars', state: 'held', endsInMs: null, inFlight: 3 });
  expect(test.router.explain('bars').sentence).toBe(
    'source bars has been held for 64.0 s (the window of partition 0 is full with 3 frames: it has reached its limit ' +
      'of frames). It reads on when the oldest frames are settled and committed. The oldest frame that is not settled, ' +
      '1 of partition 0, was read 64.0 s ago and is in channel ohlcv, which is tripped (the breaker opened). ' +
      '0 frames wait before the channels, 3 are in them, 0 are settled and not committed.',
  );
});

it('after a minute the alert source-held names channel and cause, health is degraded, and both end with it', async () => {
  const { appendAndAdvance, sink, test } = await sourceRig({
    sinks: { ohlcv: { batchSize: 2, processTimeoutMs: 600_000 } },
  });
  const held = hold();
  sink.script.push(held);
  await appendAndAdvance(1, 59_000);
  expect(test.router.alerts.filter(({ source }) => source !== undefined)).toEqual([]);
  await test.advance(3_000);
  const [alert] = test.router.alerts.filter(({ source }) => source === 'bars');
  expect(alert).toMatchObject({ alert: 'source-held', channel: 'ohlcv', source: 'bars' });
  expect(alert?.text).toMatch(/^frame 1 of partition 0 has not been settled for .*; it is in channel ohlcv/);
  await test.advance(60_000);
  expect(test.router.alerts.find(({ source }) => source === 'bars')?.text).toContain('not been settled for 2 min');
  expect(test.router.health().sources.bars).toMatchObject({ status: 'degraded', state: 'reading' });
  held.succeed();
  await test.advance(2_000);
  expect(test.router.alerts.filter(({ source }) => source !== undefined)).toEqual([]);
  expect(test.facts('alert.cleared').some(({ alert: name }) => name === 'source-held')).toBe(true);
  expect(test.router.health().sources.bars?.status).toBe('healthy');
});

it('a channel that drops what it has no room for is warned about where a source feeds it', () => {
  const warn = vi.fn();
  createRouter({
    channels: { ...plain, ohlcv: defineChannel({ process() {} }) },
    sources: { bars: { source: good, dataType: 'ohlcv' } },
    config: { channels: { plain: { overflow: 'drop-newest' }, ohlcv: { overflow: 'drop-oldest' } } },
    logger: { ...silentLogger, warn },
  });
  const settled = 'what this channel drops of the source counts as settled: it never comes again';
  expect(warn.mock.calls).toEqual([[{ source: 'bars', channel: 'ohlcv', overflow: 'drop-oldest' }, settled]]);
});

it('a frame that its channel refuses is with the reader, and the alert says why', async () => {
  const { appendAndAdvance, test } = await sourceRig({ sinks: { ohlcv: { whenTripped: 'reject' } } });
  test.router.trip('ohlcv', { coolDownMs: 600_000 });
  await appendAndAdvance(1, 62_000);
  expect(test.router.alerts.find(({ alert }) => alert === 'source-held')).toMatchObject({
    channel: null,
    text: expect.stringContaining('with the reader, because its channel refuses it as tripped'),
  });
});

it('R7.2 the metrics have every frame in one place', async () => {
  const { appendAndAdvance, test } = await sourceRig({ window: { frames: 4 } });
  test.router.pause('ohlcv');
  await appendAndAdvance(6, 1_000);
  const text = prometheusText(test.router);
  const of = (name: string, labels = {}) => valueIn(text, `sluice_source_${name}`, { source: 'bars', ...labels });
  expect(of('frames_read_total')).toBe(4);
  expect(of('frames_held')).toBe(4);
  expect(of('frames_held', { place: 'channels' })).toBe(4);
  expect(of('frames_committed_total')).toBe(0);
  expect(of('state', { state: 'held' })).toBe(1);
  expect(of('oldest_frame_age_seconds')).toBe(1);
});

it('an idle source has no timer of ours', async () => {
  const clock = createSimulatedClock();
  const router = createRouter({ channels: plain, sources: { feed: good }, clock });
  await router.start();
  await clock.settle();
  expect(router.sources.get('feed')?.state).toBe('standby');
  expect(clock.pending).toBe(0);
  await Promise.all([router.stop(), clock.advance(10)]);
});

it.each<[unknown, RegExp]>([
  [{ plain: good }, /sources\.plain: there is a channel of that name/],
  [{ 'No good': good }, /sources\.No good: a source is named as a channel is/],
  [{ feed: {} }, /sources\.feed must be a source, with the methods start and close/],
  [{ feed: null }, /sources\.feed takes an object of options/],
  [{ feed: { source: good, windows: {} } }, /sources\.feed: unknown option 'windows'; did you mean 'window'/],
  [{ feed: { source: good, window: { frames: 0 } } }, /feed\.window\.frames must be a whole number from 1, got 0/],
  [{ feed: { source: good, window: { age: 1 } } }, /sources\.feed\.window: unknown option 'age'/],
])('%j is refused: %s', (sources, message) => {
  expect(() => createRouter({ channels: plain, sources: sources as never })).toThrow(message);
});

it('a channel may not be added under the name of a source', async () => {
  const { test } = await sourceRig();
  expect(() => test.router.add('bars', plain.plain)).toThrow("there is a source 'bars' already");
});
