import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type AnyChannel,
  type DataChannelRouter,
  defineChannel,
  type Logger,
  ProcessingChannel,
} from '../../../src/index.ts';
import { createTestRouter, fail, message, messages } from '../../../src/testing/index.ts';
import { numbers } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

const trap = (): never => {
  throw new Error('broken');
};
const thenable = (then: (yes: unknown, no: (error: unknown) => void) => void): object =>
  Object.defineProperty({}, 'then', { value: then });
const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);

beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});

afterEach(() => {
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
  expect(unhandled, 'nothing reaches the host’s process').toEqual([]);
});

describe('R6.1 R6.4 what the host hands in and throws is contained, counted and told', () => {
  it('a listener of every fact there is: the router does all it does without it', async () => {
    const rig = await createTestRouter({ isStarted: false, sinks: { tick: { capacity: 2, overflow: 'drop-oldest' } } });
    rig.router.events.on('*', trap);
    await rig.advanceUntil(rig.router.start());
    rig.sink('tick').script.push(fail());
    await routeAndAdvance(rig, [...messages('tick', 5), null], 10_000);
    const report = await rig.stop();
    expect(report).toMatchObject({ conserved: true, onTime: true });
    expect(rig.router.metrics().faults.listener).toBeGreaterThan(10);
  });

  it('a logger, in any of its methods and in `child`', async () => {
    const broken: Logger = { debug: trap, info: trap, warn: trap, error: trap, child: trap };
    for (const logger of [broken, { ...broken, child: () => broken }]) {
      const rig = await createTestRouter({ sinks: { tick: {} }, logger });
      rig.sink('tick').script.push(fail());
      expect(await deliveredAfter(rig, 'tick', 1_000, message('tick', 0))).toEqual([0]);
      expect(rig.router.metrics().faults.logger).toBeGreaterThan(0);
      expect(rig.facts('callback.failed')).toContainEqual(expect.objectContaining({ place: 'logger' }));
      await rig.stop();
    }
  });

  it.each([
    ['a function', trap],
    ['an observer', { next: trap }],
  ])('an inspector: %s', async (_name, inspect) => {
    const rig = await createTestRouter({ sinks: { tick: {} }, inspect });
    expect(await deliveredAfter(rig, 'tick', 10, messages('tick', 3))).toEqual(numbers(3));
    expect((await rig.stop()).conserved).toBe(true);
    expect(rig.router.metrics().faults.inspector).toBeGreaterThan(0);
    expect(rig.facts('callback.failed')).toContainEqual(expect.objectContaining({ place: 'inspector' }));
  });

  describe.each([
    ['that answers by a promise that rejects', () => Promise.reject(new Error('later'))],
    ['that answers by a thenable of another realm', () => thenable((_yes, no) => no(new Error('later')))],
  ] as const)('also one %s:', (_how, rejects) => {
    // Types do not keep a host from it.
    const anything = rejects as () => never;

    it('a rule', async () => {
      const rig = await createTestRouter({ sinks: { tick: {} }, recognize: [anything] });
      expect(await deliveredAfter(rig, 'tick', 1, message('tick', 0))).toEqual([0]);
      expect(rig.router.metrics().faults.rule).toBeGreaterThan(0);
    });

    it('a key function, also one that is asked for `conflate`', async () => {
      const rig = await createTestRouter({
        sinks: {
          tick: { partitions: 2, partitionBy: anything },
          fmv: { overflow: 'conflate', partitionBy: anything },
        },
      });
      for (const type of ['tick', 'fmv'] as const) rig.router.route(message(type, 0));
      await rig.advance(1_000);
      expect([rig.metrics('tick').delivered, rig.metrics('fmv').delivered]).toEqual([1, 1]);
      expect(rig.router.metrics().faults.key).toBeGreaterThanOrEqual(2);
    });

    it('a logger, and one that is the child of another', async () => {
      const logger: Logger = { debug: anything, info: anything, warn: anything, error: anything, child: () => logger };
      for (const given of [logger, { ...logger, child: anything }]) {
        const rig = await createTestRouter({ sinks: { tick: {} }, logger: given });
        await rig.advance(1);
        expect(rig.router.metrics().faults.logger).toBeGreaterThan(0);
        await rig.stop();
      }
    });

    it('an inspector', async () => {
      const rig = await createTestRouter({ sinks: { tick: {} }, inspect: anything });
      await rig.advance(1);
      expect(rig.router.metrics().faults.inspector).toBeGreaterThan(0);
    });

    it('a listener', async () => {
      const rig = await createTestRouter({ sinks: { tick: {} } });
      rig.router.events.on('message.rejected', anything);
      await routeAndAdvance(rig, null, 1);
      expect(rig.router.metrics().faults.listener).toBe(1);
    });

    it('a schema and `validate`: the message is refused as invalid', async () => {
      const schema = { '~standard': { version: 1, vendor: 'host', validate: anything } } as const;
      const tick = defineChannel({ validate: anything, process() {} });
      const rig = await createTestRouter({ channels: { tick, fmv: defineChannel({ schema, process() {} }) } });
      const outcomes = (['tick', 'fmv'] as const).map((dataType) => rig.router.route({}, { dataType }));
      expect(outcomes).toMatchObject([{ reason: 'invalid' }, { reason: 'invalid' }]);
      await rig.advance(1);
    });

    it('a factory, at a restart', async () => {
      let makes = 0;
      const rig = await createTestRouter({ channels: { tick: () => (makes++ === 1 ? anything() : new Plain()) } });
      rig.router.restart('tick');
      await rig.advance(1);
      expect(rig.facts('channel.entered').at(-1)).toMatchObject({
        to: 'failed',
        error: expect.objectContaining({ message: expect.stringContaining('a promise, not a channel') }),
      });
      await rig.advance(1_000);
      expect(rig.metrics('tick').state).toBe('idle');
    });
  });

  it('a factory that answers by a promise when the router is made is refused', async () => {
    const channels = { tick: (() => Promise.reject(new Error('later'))) as () => never };
    await expect(createTestRouter({ channels })).rejects.toThrow(/returned a promise, not a channel/);
  });

  it.each([
    ['a rule', { recognize: [(): undefined => void own.router?.route({ ev: 'T' })] }, 'rule'],
    ['a key function', { config: { channels: { tick: { partitions: 2, partitionBy: ownKey } } } }, 'key'],
  ])('%s that routes: it goes no deeper than 32 calls', async (_name, options, place) => {
    const rig = await createTestRouter({ channels: { tick: Plain }, ...(options as object) });
    own.router = rig.router;
    rig.router.route({ ev: 'T' });
    own.router = undefined;
    await rig.advance(1_000);
    expect(rig.router.metrics()).toMatchObject({ received: 33, conserved: true });
    expect(rig.router.metrics().faults[place as 'rule']).toBeGreaterThan(0);
  });

  it.each(['message.rejected', 'callback.failed'] as const)(
    'a listener of %s that brings it about again: the event loop has its turns',
    async (fact) => {
      const rig = await createTestRouter({ sinks: { tick: {} }, recognize: [trap] });
      let isOn = true;
      rig.router.events.on(fact, () => void (isOn && rig.router.route(null)));
      rig.router.route(null);
      const { received } = rig.router.metrics();
      expect(received).toBeLessThan(1_000);
      isOn = false;
      await rig.advance(1);
      expect(rig.router.metrics()).toMatchObject({ conserved: true });
    },
  );

  it('`close`, sync and async, which holds up no stop', async () => {
    for (const close of [trap, async () => trap()]) {
      const rig = await createTestRouter({ channels: { tick: defineChannel({ process() {}, close }) } });
      const report = await rig.stop();
      expect(report).toMatchObject({ onTime: true, conserved: true });
      expect(rig.router.metrics().faults.close).toBe(1);
      expect(rig.facts('callback.failed')).toMatchObject([{ place: 'close', channel: 'tick' }]);
    }
  });
});

describe('S6 whatever `process` throws is a failure of its batch', () => {
  const strange: readonly (readonly [string, unknown])[] = [
    ['null', null],
    ['undefined', undefined],
    ['a string', 'no'],
    ['a frozen object', Object.freeze({})],
    ['an error whose message throws', Object.defineProperty(new Error(), 'message', { get: trap })],
  ];

  it.each(strange)('%s, thrown or as a rejection', async (_name, error) => {
    const rig = await createTestRouter({ sinks: { tick: {} }, logger: { ...silent, child: () => silent } });
    const raise = (): never => {
      throw error;
    };
    rig.sink('tick').script.push(raise, () => Promise.reject(error));
    await routeAndAdvance(rig, message('tick', 0), 60_000);
    expect(rig.facts('batch.failed').map((fact) => fact.error)).toEqual([error, error]);
    expect(rig.metrics('tick')).toMatchObject({ delivered: 1, calls: 3, restarts: 0 });
    expect(rig.router.explain('tick').sentence).toMatch(/^tick (has been|failed) /);
  });

  const results: readonly (readonly [string, () => unknown])[] = [
    ['a thenable whose `then` throws', () => thenable(trap)],
    ['an object whose `then` cannot be read', () => Object.defineProperty({}, 'then', { get: trap })],
    ['a thenable that rejects', () => thenable((_yes, no) => no(new Error('no')))],
  ];

  it.each(results)('also %s', async (_name, result) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').script.push(result as never);
    expect(rig.router.route(message('tick', 0)).status).toBe('accepted');
    await rig.advance(60_000);
    expect(rig.facts('batch.failed')).toHaveLength(1);
    expect(rig.metrics('tick')).toMatchObject({ delivered: 1, calls: 2 });
  });
});

it('a factory that later gives something else than a channel fails as a constructor does', async () => {
  let makes = 0;
  const rig = await createTestRouter({
    config: { channels: { tick: { processTimeoutMs: 10, abandonAfterMs: 10, restart: { delayMs: 10 } } } },
    channels: { tick: () => (makes++ === 1 ? ({} as AnyChannel) : rigChannel()) },
  });
  function rigChannel(): AnyChannel {
    return new Plain();
  }
  rig.router.restart('tick');
  await rig.advance(1);
  expect(rig.router.explain('tick')).toMatchObject({ state: 'failed', cause: 'its constructor threw' });
  await rig.advance(1_000);
  expect(rig.metrics('tick').state).toBe('idle');
});

/** A router that its own functions route to. */
const own: { router: Pick<DataChannelRouter, 'route'> | undefined } = { router: undefined };
function ownKey(): string {
  own.router?.route({ ev: 'T' });
  return 'key';
}

class Plain extends ProcessingChannel<unknown> {
  override process(): void {}
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
