import { expect, it } from 'vitest';
import { type ChannelEvent, channelMachine } from '../../machines/channel.ts';
import type { ChannelSource } from '../../src/channel/channel-source.ts';
import { defineChannel } from '../../src/channel/define-channel.ts';
import { channelModel } from '../../src/testing/channel-model.ts';
import { factsOf } from '../../src/testing/channel-world.ts';
import { createTestRouter, fail, messages } from '../../src/testing/index.ts';
import { longest, pathsThrough, placeOf } from '../../src/testing/machine-paths.ts';
import { createTransitionCoverage } from '../../src/testing/transition-coverage.ts';
import { ModelChannel } from '../support/model-channel.ts';
import { placeAfter, reasonAfter } from './channel-laws.ts';
import { expectAllTaken, gapsInTable, type Ignored } from './table.ts';

const paths = longest(pathsThrough(channelModel(2)));

it('the chart leads where the laws say, and tells why, on every path', () => {
  for (const { steps } of paths) {
    let from = '';
    for (const { event, state } of steps) {
      const to = placeOf(state);
      expect(to, `${event.type} in ${from}`).toBe(placeAfter(from, event.type, event.world ?? state.world));
      const told = reasonAfter(from, to, event.type);
      if (told !== undefined) expect(state.context.cause, `why ${to} after ${from}`).toBe(told.cause);
      from = to;
    }
  }
});

const idle = ['ready.idle'];
const buffering = ['ready.buffering'];
const flushing = ['ready.flushing'];
const retrying = ['ready.retrying'];
const isolating = ['ready.isolating'];
const probing = ['ready.probing'];
const delivering = ['draining.delivering'];
const waiting = ['draining.waiting'];
const draining = [...delivering, ...waiting];
const holding = ['tripped', 'paused'];
const busy = [...flushing, ...retrying, ...isolating, ...probing];

const all = ['warming', ...idle, ...buffering, ...busy, ...holding, ...draining, 'closing'];
const but = (...states: string[]): string[] => all.filter((state) => !states.includes(state));

/** Every event of the chart's vocabulary, and where it does nothing. The compiler asks for each of them. */
const ignored = {
  'warmUp.finished': [{ in: but('warming'), because: 'the life says it only while it is warming' }],
  'warmUp.failed': [{ in: but('warming'), because: 'the life says it only while it is warming' }],
  'close.finished': [{ in: but('closing'), because: 'the life says it only while it is closing' }],
  'message.waiting': [{ in: but(...idle), because: 'only idle watches for the first message' }],
  'batch.full': [{ in: but(...buffering), because: 'only buffering watches for a full batch' }],
  'batch.flush': [
    { in: idle, because: 'nothing waits' },
    { in: ['warming', ...busy, ...holding], because: 'the slot remembers it: what waits is due at the next chance' },
    { in: [...draining, 'closing'], because: 'a drain delivers everything anyway' },
  ],
  'batch.failed': [
    {
      in: but(...flushing, ...isolating, ...probing, ...delivering),
      because: 'only a delivery that runs sends it; what failed is held by the lane',
    },
  ],
  'isolation.finished': [{ in: but(...isolating), because: 'only the delivery of isolating sends it' }],
  'delivery.quieted': [
    { in: but(...flushing, ...draining), because: 'only the deliveries of flushing and draining send it' },
  ],
  'breaker.opened': [
    { in: ['warming', 'paused'], because: 'idle asks the breaker when they are left' },
    { in: [...waiting, 'closing'], because: 'nothing is delivered; delivering asks how long to wait' },
  ],
  'breaker.closed': [
    { in: ['warming', 'paused'], because: 'idle asks the breaker when they are left' },
    {
      in: [...idle, ...buffering, ...flushing, ...retrying, ...isolating],
      because: 'with an open breaker it is elsewhere',
    },
    { in: [...delivering, 'closing'], because: 'it changes nothing: the drain goes on, or is over' },
  ],
  'wait.shortened': [
    {
      in: but(...retrying, 'tripped', ...waiting),
      because: 'no wait is under way; whoever begins one asks how long it takes',
    },
  ],
  'call.hung': [
    { in: ['warming'], because: 'a life begins without a call' },
    { in: [...draining, 'closing'], because: 'the deadline ends the drain, and the report names what is in flight' },
  ],
  'channel.pause': [
    { in: ['warming'], because: 'the slot remembers it, and idle asks' },
    { in: ['paused'], because: 'it is paused' },
    { in: [...draining, 'closing'], because: 'what comes to its end is not held up' },
  ],
  'channel.resume': [{ in: but('paused'), because: 'nothing holds it; the slot forgets the pause' }],
  'channel.restart': [{ in: [...draining, 'closing'], because: 'what comes to its end is not started anew' }],
  'channel.reconfigured': [
    {
      in: but(...buffering),
      because: 'the configuration is read anew with each batch and each delay; only buffering has one under way',
    },
  ],
  'channel.drain': [{ in: [...draining, 'closing'], because: 'it drains' }],
  'channel.abandon': [],
} satisfies Record<ChannelEvent['type'], Ignored[string]>;

it('every event is handled in every state, forbidden on purpose, or ignored for a reason', () => {
  expect(gapsInTable(channelMachine, Object.keys(ignored), ignored)).toEqual([]);
});

it('a real channel does what its chart says, on every path, and every transition of it is taken', async () => {
  const coverage = createTransitionCoverage(channelMachine);
  for (const { steps } of paths) {
    const driver = new ModelChannel(2, coverage.inspector);
    await driver.run.settle();
    const walked: string[] = [];
    let from = '';
    for (const { event, state } of steps) {
      walked.push(event.type);
      if (event.type !== 'xstate.init') await driver.run.cause(event);
      const to = placeOf(state);
      const isDelivering = state.status === 'active' && to !== 'closing';
      const told = reasonAfter(from, to, event.type);
      expect(
        {
          state: placeOf(driver.run.snapshot),
          status: driver.run.snapshot.status,
          ...(isDelivering && { facts: driver.facts, inFlight: driver.inFlight }),
          ...(told && driver.reason),
        },
        walked.join(' → '),
      ).toEqual({
        state: placeAfter(from, event.type, event.world ?? state.world),
        status: state.status,
        ...(isDelivering && { facts: factsOf(state.world), inFlight: state.world.call }),
        ...told,
      });
      from = to;
    }
    expect(driver.strayEdges, `edges told to who did not ask, on ${walked.join(' → ')}`).toEqual([]);
    expect(await driver.isPunctual(), `what it waits for ends after ${walked.join(' → ')}`).toBe(true);
    expect(await driver.end(), `no timer is left after ${walked.join(' → ')}`).toBe(true);
  }
  expectAllTaken('channel', coverage, paths.length);
}, 300_000);

it('R6.3 a trial that fails in part does not end the trials, though no message comes any more', async () => {
  const breaker = { minimumCalls: 1, window: { count: 1 }, coolDownMs: 1_000, probes: 3 };
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 16, breaker } } });
  rig.sink('ohlcv').script.push(fail(), ({ context }) => context.fail(0, new Error('one of them')));
  rig.router.routeAll(messages('ohlcv', 16));
  await rig.advance(120_000);
  expect(rig.metrics('ohlcv')).toMatchObject({ delivered: 16, buffered: 0, breaker: { opened: 1 } });
});

it('a warm-up that the chart does not wait for any more has its signal aborted, and one that has ended has not', async () => {
  const signals = new Map<string, AbortSignal>();
  const warming = (name: string, ends: Promise<void>): ChannelSource =>
    defineChannel({
      process: () => {},
      warmUp({ signal }) {
        signals.set(name, signal);
        return ends;
      },
    });
  const rig = await createTestRouter({
    isStarted: false,
    config: { channels: { quick: {}, endless: { warmUpTimeoutMs: 500 } } },
    channels: { quick: warming('quick', Promise.resolve()), endless: warming('endless', new Promise(() => {})) },
  });
  const started = rig.router.start();
  await rig.advance(500);
  await started;
  expect([...signals].map(([name, { aborted }]) => [name, aborted])).toEqual([
    ['quick', false],
    ['endless', true],
  ]);
});
