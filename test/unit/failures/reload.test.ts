import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { channelSchema, configSchema, type RouterConfigInput } from '../../../src/config/schema.ts';
import { fieldsOf, overlay, section } from '../../../src/config/walk.ts';
import { type ChannelReport, defineChannel, ProcessingChannel, SluiceError } from '../../../src/index.ts';
import {
  createSink,
  createTestRouter,
  fail,
  hang,
  hold,
  message,
  messages,
  reject,
  slow,
  succeed,
  type TestMessage,
  type TestRouter,
} from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';
import { deliveredAfter, holdNext, routeAndAdvance } from '../../support/routed.ts';

const symbols = ['A', 'B', 'C', 'D'];
const base: RouterConfigInput = {
  channels: {
    ohlcv: { batchSize: 5, timeoutMs: 20, capacity: 10_000, breaker: { coolDownMs: 50 }, retry: { delayMs: 5 } },
  },
};

class Quiet extends ProcessingChannel<TestMessage> {
  override process(): void {}
}

/** Another value for every field of a channel. */
const channelCases: Readonly<Record<string, unknown>> = {
  name: 'ohlcv',
  dataType: 'bar',
  priority: 4,
  share: 3,
  batchSize: 7,
  timeoutMs: 3,
  capacity: 500,
  overflow: 'drop-oldest',
  partitions: 3,
  partitionBy: 'symbol',
  warmUpTimeoutMs: 500,
  processTimeoutMs: 5_000,
  abandonAfterMs: 2_000,
  silenceMs: 60_000,
  isolate: false,
  whenTripped: 'reject',
  waitingMax: 20,
  whenFull: 'reject',
  'retry.attempts': 5,
  'retry.delayMs': 7,
  'retry.factor': 3,
  'retry.delayMsMax': 400,
  'retry.retryAfterMsMax': 4_000,
  breaker: false,
  'breaker.window': { ms: 30_000 },
  'breaker.minimumCalls': 4,
  'breaker.failureRate': 0.9,
  'breaker.slowCallMs': 900,
  'breaker.slowCallRate': 0.7,
  'breaker.coolDownMs': 70,
  'breaker.coolDownMsMax': 700,
  'breaker.probes': 2,
  'breaker.observeOnly': true,
  'breaker.shared': 'warehouse',
  'restart.limit': 9,
  'restart.withinMs': 9_000,
  'restart.delayMs': 9,
  'restart.delayMsMax': 900,
  eventRules: { minMovePercent: 2 },
};
/** Another value for every field of the router. */
const routerCases: Readonly<Record<string, unknown>> = {
  sliceMs: 5,
  starvationMs: 500,
  onGiveUp: 'escalate',
  'recognize.field': 'e',
  'recognize.shapes': true,
  'recognize.ignore': ['status'],
  'deadLetters.capacity': 50,
  'deadLetters.bytesMax': 5_000,
  'deadLetters.refused.capacity': 5,
  'deadLetters.refused.bytesMax': 6_000,
};
const paths = [
  ...Object.keys(channelCases).map((path) => ['channels', 'ohlcv', ...path.split('.')]),
  ...Object.keys(routerCases).map((path) => ['router', ...path.split('.')]),
];

/** The configuration with another value at one path. */
function written(path: readonly string[]): RouterConfigInput {
  const [top, ...rest] = path;
  const value = top === 'router' ? routerCases[rest.join('.')] : channelCases[rest.slice(1).join('.')];
  return path.reduceRight((inner, key) => ({ [key]: inner }), value) as RouterConfigInput;
}

function laidOver(...configs: readonly RouterConfigInput[]): RouterConfigInput {
  return configs.reduce((low, high) => overlay(configSchema, low, high) as RouterConfigInput);
}

/** A router that is busy: one channel with a sink that takes 3 ms, traffic in each ms, and a breaker that has opened. */
class BusyRig {
  readonly rig: TestRouter;
  readonly accepted: TestMessage[] = [];
  #next = 0;

  constructor(rig: TestRouter) {
    this.rig = rig;
    rig.sink('ohlcv').otherwise = slow(3);
  }

  async feed(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1) {
      for (let count = 0; count < 2; count += 1) {
        const next = message('ohlcv', this.#next, symbols[this.#next % symbols.length]);
        this.#next += 1;
        const dataType = this.rig.router.config.channels.ohlcv?.dataType ?? '';
        if (this.rig.router.route(next, { dataType }).status === 'accepted') this.accepted.push(next);
      }
      await this.rig.clock.advance(1);
    }
    this.rig.checkConserved();
  }

  /** Opens the breaker once and closes it, and leaves an attempt that failed in its window. */
  async live(): Promise<void> {
    await this.feed(20);
    this.rig.router.trip('ohlcv');
    await this.feed(200);
    this.rig.sink('ohlcv').script.push(fail());
    await this.feed(100);
  }

  /** Everything accepted was delivered once, each symbol in order. */
  checkDelivered(): void {
    const delivered = this.rig
      .sink('ohlcv')
      .calls.filter(({ outcome }) => outcome === 'succeeded')
      .flatMap(({ batch }) => batch);
    for (const symbol of symbols) {
      const of = (all: readonly TestMessage[]): number[] => all.flatMap(({ sym, n }) => (sym === symbol ? [n] : []));
      expect(of(delivered)).toEqual(of(this.accepted));
    }
  }
}

async function busyRig() {
  const rig = await createTestRouter({ sinks: base.channels ?? {} });
  const busy = new BusyRig(rig);
  await busy.live();
  return { busy, rig };
}

describe('Q4 reload while messages flow', () => {
  it('is tried with every field there is', () => {
    // A section changes field by field; only a breaker can be `false` instead, and a window is replaced whole.
    const leaves = (schema: Parameters<typeof fieldsOf>[0]): string[] =>
      fieldsOf(schema).flatMap((field) => {
        const path = field.path.join('.');
        const isPart = path.startsWith('breaker.window.');
        return path === 'breaker' || (section(field.schema) === undefined && !isPart) ? [path] : [];
      });
    expect(Object.keys(channelCases).toSorted()).toEqual(leaves(channelSchema).toSorted());
    const ofRouter = leaves(configSchema).flatMap((path) => (path.startsWith('router.') ? [path.slice(7)] : []));
    expect(Object.keys(routerCases).toSorted()).toEqual(ofRouter.toSorted());
  });

  it.each(paths.map((path) => [path.join('.'), path] as const))(
    'of %s loses nothing and keeps order and history',
    async (_, path) => {
      const { busy, rig } = await busyRig();
      const before = rig.metrics('ohlcv');
      const appliedBefore = rig.facts('config.applied').length;
      const reload = rig.router.reconfigure(laidOver(base, written(path)));
      await busy.feed(100);
      const changes = await reload;
      const isRename = path.at(-1) === 'name';
      if (!isRename) {
        expect(changes).toMatchObject([{ path, reload: expect.stringMatching(/^(live|next-batch|restart)$/) }]);
        expect(changes[0]?.before).not.toEqual(changes[0]?.after);
        expect(rig.facts('config.applied').slice(appliedBefore)).toEqual([{ changes }]);
        expect(
          path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], rig.router.config),
        ).toEqual(changes[0]?.after);
      }
      const { breaker, restarts, retries, calls, accepted } = rig.metrics('ohlcv');
      if (path.at(-1) === 'breaker') expect(breaker).toBeNull();
      else expect(breaker).toMatchObject({ opened: 1, state: 'closed' });
      expect(restarts).toBe(0);
      expect(retries).toBe(before.retries);
      expect(accepted).toBe(busy.accepted.length);
      expect(calls).toBeGreaterThan(before.calls);
      const report = await rig.stop();
      expect(report).toMatchObject({ conserved: true, onTime: true });
      busy.checkDelivered();
    },
  );

  it('of all fields at once does, too', async () => {
    const { busy, rig } = await busyRig();
    const all = paths.filter((path) => path.at(-1) !== 'breaker').map((path) => written(path));
    const reload = rig.router.reconfigure(laidOver(base, ...all));
    await busy.feed(100);
    expect(await reload).toHaveLength(all.length - 1);
    expect(rig.metrics('ohlcv').breaker).toMatchObject({ opened: 1 });
    const back = rig.router.reconfigure(base);
    await busy.feed(100);
    expect(await back).toHaveLength(all.length - 1);
    expect(await rig.stop()).toMatchObject({ conserved: true });
    busy.checkDelivered();
  });

  it('of an invalid configuration changes nothing, tells of every mistake, and raises an alert until a valid one comes', async () => {
    const { busy, rig } = await busyRig();
    const { config } = rig.router;
    const invalid = { router: { sliceMs: -1 }, channels: { ohlcv: { batchSize: 0, retry: { attempts: 'many' } } } };
    const reload = rig.router.reconfigure(invalid as unknown as RouterConfigInput);
    await expect(reload).rejects.toThrow(
      /router\.sliceMs[\s\S]*channels\.ohlcv\.batchSize[\s\S]*channels\.ohlcv\.retry\.attempts/,
    );
    await expect(reload).rejects.toBeInstanceOf(SluiceError);
    expect(rig.router.config).toBe(config);
    expect(rig.facts('config.rejected')).toHaveLength(1);
    expect(rig.router.alerts).toMatchObject([
      { alert: 'config-rejected', channel: null, text: expect.stringContaining('batchSize') },
    ]);
    await busy.feed(50);
    expect(await rig.router.reconfigure(laidOver(base, { channels: { ohlcv: { batchSize: 6 } } }))).toHaveLength(1);
    expect(rig.facts('alert.cleared').at(-1)).toMatchObject({ alert: 'config-rejected', lastedMs: 50 });
    expect(rig.router.alerts).toEqual([]);
    await rig.stop();
    busy.checkDelivered();
  });

  it('to a name of another channel or of none is refused', async () => {
    const { rig } = await busyRig();
    await expect(rig.router.reconfigure({ channels: { ohlcv: { name: 'bars' } } })).rejects.toThrow(
      'channels.ohlcv.name',
    );
    await expect(rig.router.reconfigure({ channels: { bars: {} } })).rejects.toThrow(
      'channels.bars: no class is given for it',
    );
  });

  it('to the same changes nothing and says nothing', async () => {
    const { rig } = await busyRig();
    expect(await rig.router.reconfigure(base)).toEqual([]);
    expect(rig.facts('config.applied')).toEqual([]);
  });
});

describe('Q4 a reload that changes which channels there are', () => {
  const channels = { tick: {}, ohlcv: { batchSize: 5, timeoutMs: 20 } };

  it('drains a channel that is taken out: what it had is delivered, what comes for it is unroutable', async () => {
    const rig = await createTestRouter({ sinks: channels });
    rig.sink('ohlcv').otherwise = slow(3);
    rig.router.routeAll(messages('ohlcv', 23));
    expect(await rig.router.reconfigure({ channels: { tick: {} } })).toMatchObject([
      { path: ['channels', 'ohlcv'], after: undefined },
    ]);
    expect(rig.router.route(message('ohlcv', 99))).toEqual({ status: 'rejected', reason: 'unknown-type' });
    expect(await deliveredAfter(rig, 'ohlcv', 1_000)).toEqual(numbers(23));
    expect([...rig.router.channels.keys()]).toEqual(['tick']);
    expect(rig.router.metrics()).toMatchObject({ received: 24, unroutable: 1, conserved: true });
  });

  it.each([0, 1, 1_000])('brings it back, %i ms later, as it is configured then', async (ms) => {
    const rig = await createTestRouter({ sinks: channels });
    rig.sink('ohlcv').otherwise = slow(3);
    rig.router.routeAll(messages('ohlcv', 23));
    await rig.router.reconfigure({ channels: { tick: {} } });
    if (ms > 0) await rig.advance(ms);
    const again = await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: {}, ohlcv: { batchSize: 2 } } }));
    expect(again).toMatchObject([{ path: ['channels', 'ohlcv'], before: undefined }]);
    expect(await deliveredAfter(rig, 'ohlcv', 10_000, messages('ohlcv', 10, 23))).toEqual(numbers(33));
    expect(rig.metrics('ohlcv')).toMatchObject({ state: 'idle', accepted: 10 });
    expect(rig.router.config.channels.ohlcv?.batchSize).toBe(2);
  });

  it('brings it back only when its class accepts its `eventRules`', async () => {
    const Ruled = defineChannel({ rules: z.object({ minMove: z.number().positive() }), process() {} });
    const sound = { tick: {}, ohlcv: { eventRules: { minMove: 1 } } };
    const rig = await createTestRouter({
      config: { channels: sound },
      channels: { tick: Quiet, ohlcv: Ruled },
    });
    await rig.router.reconfigure({ channels: { tick: {} } });
    await rig.advance(100);
    const wrong = rig.router.reconfigure({ channels: { tick: {}, ohlcv: { eventRules: { minMove: -1 } } } });
    await expect(wrong).rejects.toThrow('channels.ohlcv.eventRules.minMove');
    expect([...rig.router.channels.keys()]).toEqual(['tick']);
    await rig.router.reconfigure({ channels: sound });
    expect(rig.router.config.channels.ohlcv?.eventRules).toEqual({ minMove: 1 });
  });

  it('brings it back as failed when its class cannot be made, and restarts it', async () => {
    let isBroken = false;
    const sink = createSink(Quiet);
    const rig = await createTestRouter({
      config: { channels },
      channels: {
        tick: () => new Quiet(),
        ohlcv: () => {
          if (isBroken) throw new Error('no constructor');
          return sink.channel();
        },
      },
    });
    await rig.router.reconfigure({ channels: { tick: {} } });
    await rig.advance(100);
    isBroken = true;
    await rig.router.reconfigure({ channels });
    expect(rig.router.explain('ohlcv')).toMatchObject({
      state: 'failed',
      sentence: expect.stringContaining('no constructor'),
    });
    // The first instance checks them.
    expect(rig.router.routeAll(messages('ohlcv', 3))).toMatchObject({ accepted: 3, rejected: 0 });
    isBroken = false;
    await rig.advance(2_000);
    expect(numbersOf(sink.delivered)).toEqual(numbers(3));
  });

  it('lets another channel take over its data type at once', async () => {
    const rig = await createTestRouter({ sinks: channels });
    rig.router.add('bars', rig.sink('bars').channel, { dataType: 'bar' });
    rig.router.routeAll(messages('ohlcv', 3));
    await rig.router.reconfigure({ channels: { tick: {}, bars: { dataType: 'ohlcv', batchSize: 1 } } });
    await routeAndAdvance(rig, messages('ohlcv', 3, 3), 1_000);
    expect([numbersOf(rig.sink('ohlcv').delivered), numbersOf(rig.sink('bars').delivered)]).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
  });
});

describe('Q4 a reload that replaces a channel', () => {
  const replaced = { channels: { ohlcv: { batchSize: 5, partitions: 2 } } };

  it('waits for the batch in flight, takes messages in meanwhile, and leaves none behind', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 5 } } });
    const call = holdNext(rig.sink('ohlcv'));
    await routeAndAdvance(rig, messages('ohlcv', 12), 1);
    let isApplied = false;
    const reload = rig.router.reconfigure(replaced).then(() => {
      isApplied = true;
    });
    await rig.advance(5_000);
    expect(isApplied).toBe(false);
    expect(rig.sink('ohlcv').calls).toHaveLength(1);
    expect(rig.router.route(message('ohlcv', 12))).toEqual({ status: 'accepted' });
    call.succeed();
    await rig.advanceUntil(reload);
    expect(await deliveredAfter(rig, 'ohlcv', 1_000)).toEqual(numbers(13));
    expect(rig.sink('ohlcv').calls.every(({ attempt }) => attempt === 1)).toBe(true);
  });

  it('does not wait longer for a hung call than until it is abandoned', async () => {
    const hangs = { processTimeoutMs: 100, abandonAfterMs: 50, batchSize: 5 };
    const rig = await createTestRouter({ sinks: { ohlcv: hangs } });
    rig.sink('ohlcv').script.push(hang());
    await routeAndAdvance(rig, messages('ohlcv', 7), 1);
    const reload = rig.router.reconfigure({ channels: { ohlcv: { ...hangs, partitions: 2 } } });
    await rig.advance(150);
    expect(await reload).toHaveLength(1);
    expect(await deliveredAfter(rig, 'ohlcv', 10_000)).toEqual(numbers(7));
    expect(rig.metrics('ohlcv')).toMatchObject({ state: 'idle', inFlight: 0, buffered: 0 });
  });

  it('lets no life begin in one that has failed, while it waits for another one', async () => {
    const crashing = { batchSize: 5, processTimeoutMs: 10, abandonAfterMs: 10, restart: { delayMs: 30 } };
    const slowly = { batchSize: 1, processTimeoutMs: 60_000 };
    const rig = await createTestRouter({ sinks: { ohlcv: crashing, fmv: slowly } });
    rig.sink('ohlcv').script.push(hang(), slow(5_000));
    const call = holdNext(rig.sink('fmv'));
    await routeAndAdvance(rig, [...messages('ohlcv', 7), ...messages('fmv', 3)], 20);
    expect(rig.metrics('ohlcv').state).toBe('failed');
    const reload = rig.router.reconfigure({
      channels: { ohlcv: { ...crashing, processTimeoutMs: 60_000, partitions: 2 }, fmv: { ...slowly, partitions: 2 } },
    });
    await rig.advance(1_000);
    call.succeed();
    await rig.advanceUntil(reload);
    expect(await deliveredAfter(rig, 'ohlcv', 60_000)).toEqual(numbers(7));
    expect(numbersOf(rig.sink('fmv').delivered)).toEqual(numbers(3));
    expect(rig.metrics('ohlcv')).toMatchObject({ inFlight: 0, buffered: 0, returned: 0 });
  });

  it.each(['pause', 'resume'] as const)('keeps to what an operator wants meanwhile: %s', async (wish) => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 5 } } });
    const call = holdNext(rig.sink('ohlcv'));
    // Longer than anyone waits for an instance that closes: the old one must not begin such a call.
    rig.sink('ohlcv').otherwise = slow(8_000);
    await routeAndAdvance(rig, messages('ohlcv', 12), 1);
    if (wish === 'resume') rig.router.pause('ohlcv');
    const reload = rig.router.reconfigure(replaced);
    await rig.advance(10);
    rig.router[wish]('ohlcv');
    call.succeed();
    await rig.advanceUntil(reload);
    await rig.advance(20_000);
    expect(rig.metrics('ohlcv')).toMatchObject(wish === 'pause' ? { state: 'paused', buffered: 7 } : { buffered: 0 });
    rig.router.resume('ohlcv');
    expect(await deliveredAfter(rig, 'ohlcv', 20_000)).toEqual(numbers(12));
    expect(rig.metrics('ohlcv')).toMatchObject({ inFlight: 0, delivered: 12 });
  });

  it.each([0, 50])(
    'leaves out a channel that an operator takes out meanwhile: counted once (%i ms a call)',
    async (ms) => {
      const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: { batchSize: 5 } } });
      const call = holdNext(rig.sink('ohlcv'));
      await routeAndAdvance(rig, messages('ohlcv', 12), 1);
      if (ms > 0) rig.sink('ohlcv').otherwise = slow(ms);
      const reload = rig.router.reconfigure({ channels: { tick: {}, ...replaced.channels } });
      await rig.advance(1);
      const removal = rig.router.remove('ohlcv');
      await rig.advance(10);
      call.succeed();
      const [report] = await rig.advanceUntil(Promise.all([removal, reload]));
      expect(report).toMatchObject({ delivered: 12, returned: 0 });
      expect(rig.router.metrics()).toMatchObject({ received: 12, conserved: true });
    },
  );

  it.each(['given', 'added'] as const)(
    'does not bring a channel back that was taken out meanwhile: %s',
    async (how) => {
      const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 5 }, ...(how === 'given' && { tick: {} }) } });
      if (how === 'added') rig.router.add('tick', rig.sink('tick').channel);
      const call = holdNext(rig.sink('ohlcv'));
      await routeAndAdvance(rig, messages('ohlcv', 5), 1);
      const whole = { channels: { ...replaced.channels, tick: { priority: 3 } } };
      const reloads = [
        rig.router.reconfigure(whole),
        rig.router.reconfigure({ channels: { ...whole.channels, ohlcv: {} } }),
      ];
      await rig.advance(1);
      await rig.advanceUntil(rig.router.remove('tick'));
      call.succeed();
      await rig.advanceUntil(Promise.all(reloads));
      expect(Object.keys(rig.router.config.channels)).toEqual(['ohlcv']);
      expect([...rig.router.channels.keys()]).toEqual(['ohlcv']);
      expect(rig.router.route(message('tick', 1))).toMatchObject({ reason: 'unknown-type' });
    },
  );

  it('that was ordered after a channel was taken out brings it back', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: {}, tick: {} } });
    const removal = rig.router.remove('tick');
    const reload = rig.router.reconfigure({ channels: { ohlcv: {}, tick: {} } });
    await rig.advanceUntil(Promise.all([removal, reload]));
    expect(rig.router.route(message('tick', 1))).toMatchObject({ status: 'accepted' });
  });

  it('does not hold up a stop while an instance closes', async () => {
    const close = () => new Promise<void>((resolve) => void rig.clock.setTimeout(resolve, 500));
    const rig: TestRouter = await createTestRouter({ channels: { ohlcv: defineChannel({ process() {}, close }) } });
    const reload = rig.router.reconfigure({ channels: { ohlcv: { partitions: 2 } } }).catch((error: unknown) => error);
    await rig.advance(100);
    const report = await rig.stop({ deadlineMs: 5_000 });
    expect(report).toMatchObject({ onTime: true, conserved: true });
    expect(report.elapsedMs).toBeLessThan(1_000);
    expect(await rig.advanceUntil(reload)).toMatchObject({ code: 'not-running' });
  });

  it.each([hang(), hold()])(
    'ends with the router: nobody waits for ever, and every message is accounted for',
    async (stuck) => {
      const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 5, processTimeoutMs: 60_000 } } });
      rig.sink('ohlcv').script.push(stuck);
      await routeAndAdvance(rig, messages('ohlcv', 12), 1);
      const reload = rig.router.reconfigure(replaced).catch((error: unknown) => error);
      await rig.advance(10);
      const report = await rig.stop({ deadlineMs: 1_000 });
      expect(report).toMatchObject({ conserved: true, channels: { ohlcv: { inFlight: 5, returned: 7 } } });
      expect(await rig.advanceUntil(reload)).toMatchObject({ code: 'not-running' });
    },
  );

  it('hands over what failed, in order, with its attempts and the wait the sink asked for', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 5, retry: { attempts: 9 } } } });
    rig.sink('ohlcv').script.push(() => {
      throw Object.assign(new Error('busy'), { retryAfterMs: 10_000 });
    });
    await routeAndAdvance(rig, messages('ohlcv', 12), 1);
    expect(rig.metrics('ohlcv').state).toBe('retrying');
    await rig.advanceUntil(
      rig.router.reconfigure({ channels: { ohlcv: { batchSize: 5, retry: { attempts: 9 }, warmUpTimeoutMs: 1 } } }),
    );
    await rig.advance(9_900);
    expect(rig.sink('ohlcv').calls).toHaveLength(1);
    expect(await deliveredAfter(rig, 'ohlcv', 200)).toEqual(numbers(12));
    expect(rig.sink('ohlcv').calls[1]).toMatchObject({ attempt: 2 });
  });
});

describe('Q4 what a reload means for a breaker', () => {
  const tripping = {
    batchSize: 1,
    priority: 2,
    breaker: { window: { count: 4 }, minimumCalls: 2, coolDownMs: 60_000, coolDownMsMax: 60_000 },
  };

  it('limits that change keep its state, its window and its cool-down', async () => {
    const rig = await createTestRouter({ sinks: { tick: tripping } });
    rig.sink('tick').script.push(fail());
    await routeAndAdvance(rig, message('tick', 0), 1_000);
    const { rates } = rig.metrics('tick').breaker ?? {};
    expect(rates).toEqual({ calls: 2, failureRate: 0.5, slowCallRate: 0 });
    rig.router.trip('tick');
    const { endsInMs } = rig.router.explain('tick');
    await rig.router.reconfigure({
      channels: { tick: { ...tripping, breaker: { ...tripping.breaker, coolDownMs: 1, probes: 1 } } },
    });
    expect(rig.router.explain('tick')).toMatchObject({ state: 'tripped', endsInMs });
    expect(rig.metrics('tick').breaker).toMatchObject({ state: 'open', opened: 1, rates });
  });

  it('`observeOnly` lets go of a channel at once, `breaker: false` with its next instance', async () => {
    for (const breaker of [{ ...tripping.breaker, observeOnly: true }, false] as const) {
      const rig = await createTestRouter({ sinks: { tick: tripping } });
      rig.router.trip('tick');
      await routeAndAdvance(rig, messages('tick', 3), 1_000);
      expect(rig.metrics('tick').buffered).toBe(3);
      await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: { ...tripping, breaker } } }));
      expect(await deliveredAfter(rig, 'tick', 1_000)).toEqual([0, 1, 2]);
    }
  });

  it('a breaker that was `false` works from then on', async () => {
    const rig = await createTestRouter({ sinks: { tick: { ...tripping, breaker: false } } });
    await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: tripping } }));
    rig.sink('tick').otherwise = reject();
    await routeAndAdvance(rig, messages('tick', 5), 5_000);
    expect(rig.metrics('tick')).toMatchObject({ state: 'tripped', deadLettered: 0 });
    rig.sink('tick').otherwise = succeed();
  });
});

describe('Q4 a channel that was added in code', () => {
  it('stays as it is through a reload that does not name it, and takes over what one says that does', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.router.add('bars', rig.sink('bars').channel, { dataType: 'ohlcv', batchSize: 7 });
    await rig.router.reconfigure({ channels: { tick: { capacity: 50 } } });
    expect(rig.router.config.channels.bars).toMatchObject({ dataType: 'ohlcv', batchSize: 7 });
    await rig.router.reconfigure({ channels: { bars: { dataType: 'ohlcv', batchSize: 3 } } });
    expect(await deliveredAfter(rig, 'bars', 0, messages('ohlcv', 3))).toEqual([0, 1, 2]);
  });

  it('while a reload waits for a batch is not taken out by it', async () => {
    const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 1 } } });
    const call = holdNext(rig.sink('ohlcv'));
    await routeAndAdvance(rig, messages('ohlcv', 1), 1);
    const reload = rig.router.reconfigure({ channels: { ohlcv: { batchSize: 1, partitions: 2 } } });
    await rig.advance(1);
    rig.router.add('tick', rig.sink('tick').channel);
    call.succeed();
    await rig.advance(10);
    await reload;
    expect(await deliveredAfter(rig, 'tick', 10, messages('tick', 2))).toEqual([0, 1]);
    expect(rig.router.metrics().conserved).toBe(true);
  });
});

it('Q4 the configuration in force takes nothing out when it is put in force again, also after a channel was added', async () => {
  const rig = await createTestRouter({ channels: { ohlcv: Quiet } });
  rig.router.add('tick', Quiet, { batchSize: 3 });
  for (let times = 0; times < 3; times += 1)
    expect(await rig.advanceUntil(rig.router.reconfigure(rig.router.config))).toEqual([]);
  await rig.advanceUntil(rig.router.remove('ohlcv'));
  expect(await rig.advanceUntil(rig.router.reconfigure(rig.router.config))).toEqual([]);
  expect([...rig.router.channels.keys()]).toEqual(['tick']);
});

it('Q4 a channel added meanwhile may serve the data type that the reload gives to another one', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 1 }, tick: {} } });
  const call = holdNext(rig.sink('ohlcv'));
  await routeAndAdvance(rig, messages('ohlcv', 2), 1);
  const reload = rig.router.reconfigure({
    channels: { ohlcv: { batchSize: 1, partitions: 2 }, tick: { dataType: 'bars' } },
  });
  await rig.advance(1);
  rig.router.add('bars', rig.sink('bars').channel);
  call.succeed();
  await rig.advance(10);
  await reload;
  expect(await deliveredAfter(rig, 'ohlcv', 10, messages('ohlcv', 2, 2))).toEqual([0, 1, 2, 3]);
  expect(rig.router.config.channels.ohlcv?.partitions).toBe(2);
  expect(rig.router.registry.get('bars')).toHaveLength(2);
});

it('19.16 a constructor that takes out another channel of the same reload: its messages are in the report', async () => {
  let removed: Promise<ChannelReport> | undefined;
  let isReloading = false;
  class Acting extends Quiet {
    constructor() {
      super();
      if (isReloading) removed ??= rig.router.remove('fmv', { deadlineMs: 10 });
    }
  }
  const rig = await createTestRouter({ channels: { ohlcv: Acting, fmv: Quiet } });
  rig.router.pause('fmv');
  rig.router.routeAll(messages('fmv', 3));
  isReloading = true;
  await rig.advanceUntil(rig.router.reconfigure({ channels: { ohlcv: { partitions: 2 }, fmv: { partitions: 2 } } }));
  const report = await rig.advanceUntil(removed ?? Promise.reject(new Error('it was not made')));
  expect(report).toMatchObject({ accepted: 3, returned: 3, returnedMessages: messages('fmv', 3) });
  expect([...rig.router.channels.keys()]).toEqual(['ohlcv']);
  expect(rig.router.metrics()).toMatchObject({ conserved: true, received: 3 });
  expect(await rig.stop()).toMatchObject({ conserved: true });
});

describe('a configuration in code is what it was when it was handed over, whatever its owner does to it later', () => {
  const input = () => ({
    channels: { tick: { batchSize: 3, breaker: { probes: 2 }, eventRules: { limits: { low: 1 } } } },
  });
  const spoil = ({ channels }: ReturnType<typeof input>): void => {
    Object.assign(channels.tick, { batchSize: 0, capacity: 'none' });
    channels.tick.breaker.probes = -1;
    channels.tick.eventRules.limits.low = 9;
  };

  it('of a reload that has to wait for its turn', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const given = input();
    const reload = rig.router.reconfigure(given);
    spoil(given);
    await rig.advanceUntil(reload);
    expect(rig.router.config.channels.tick).toMatchObject(input().channels.tick);
  });

  it.each(['createRouter', 'add'])('of %s, also at the next reload', async (how) => {
    const given = input();
    const others = how === 'add' ? { ohlcv: Quiet } : { ohlcv: Quiet, tick: Quiet };
    const rig = await createTestRouter({ channels: others, ...(how === 'add' ? {} : { config: given }) });
    if (how === 'add') rig.router.add('tick', Quiet, given.channels.tick);
    spoil(given);
    expect(await rig.advanceUntil(rig.router.reconfigure(rig.router.config))).toEqual([]);
    expect(rig.router.config.channels.tick).toMatchObject(input().channels.tick);
    if (how === 'createRouter') return;
    // A channel that was added stays as it is when a configuration does not name it.
    await rig.advanceUntil(rig.router.reconfigure({ channels: { ohlcv: { batchSize: 7 } } }));
    expect(rig.router.config.channels.tick).toMatchObject(input().channels.tick);
  });

  it('one that cannot be read is refused as a mistake', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const trap = {
      get batchSize(): number {
        throw new Error('no setting');
      },
    };
    const reload = rig.router.reconfigure({ channels: { tick: trap } });
    const error = {
      code: 'invalid-config',
      message: expect.stringContaining('config in code: cannot be read: no setting'),
    };
    await expect(reload).rejects.toMatchObject(error);
    expect(rig.facts('config.rejected')).toMatchObject([{ error }]);
    const proxy = new Proxy({}, { get: () => trap.batchSize });
    await expect(rig.router.reconfigure(proxy as RouterConfigInput)).rejects.toMatchObject(error);
    expect(() => rig.router.add('bar', Quiet, trap)).toThrow(expect.objectContaining({ code: 'invalid-config' }));
  });
});

it('a stop at the very first moment, with no time at all, ends a reload that waits', async () => {
  const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 1 } } });
  expect(rig.clock.now()).toBe(0);
  rig.sink('ohlcv').script.push(hold());
  await routeAndAdvance(rig, messages('ohlcv', 3), 0);
  const reload = rig.router.reconfigure({ channels: { ohlcv: { batchSize: 1, partitions: 2 } } });
  const refused = expect(reload).rejects.toMatchObject({ code: 'not-running' });
  await rig.advance(0);
  const report = await rig.stop({ deadlineMs: 0 });
  await refused;
  expect(report).toMatchObject({ conserved: true, channels: { ohlcv: { returned: 2, inFlight: 1 } } });
  expect(rig.clock.pending).toBe(0);
});
