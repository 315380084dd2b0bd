import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createActor, createMachine } from 'xstate';
import type { RouterOptions } from '../../../src/index.ts';
import { createRouter, createRouterLogic, ProcessingChannel, routerOf, SluiceError } from '../../../src/index.ts';
import { createTestRouter } from '../../../src/testing/index.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

class Plain extends ProcessingChannel<unknown> {
  override process(): void {}
}

class Curious extends ProcessingChannel<unknown> {
  constructor() {
    super();
    void this.config;
  }
  override process(): void {}
}

async function thrown(act: () => unknown): Promise<{ code: string; message: string }> {
  try {
    await act();
  } catch (error) {
    expect(error).toBeInstanceOf(SluiceError);
    return error as SluiceError;
  }
  throw new Error('nothing was thrown');
}

describe('options that cannot be meant are refused with what is allowed', () => {
  const cases: readonly (readonly [string, unknown, string, string | RegExp])[] = [
    ['no channels', {}, 'invalid-option', 'channels must name at least one channel: { tick: TradeChannel }'],
    [
      'an empty map of channels',
      { channels: {} },
      'invalid-option',
      'channels must name at least one channel: { tick: TradeChannel }',
    ],
    [
      'an instance for a class',
      { channels: { tick: new Plain() } },
      'invalid-option',
      'channels.tick must be a channel class, or a function that makes a channel, got object',
    ],
    [
      'a function that makes something else',
      { channels: { tick: () => ({}) } },
      'invalid-option',
      /the function returned something that is not a channel/,
    ],
    [
      'a configured channel without a class',
      { channels: { tick: () => new Plain() }, config: { channels: { ohlcv: {} } } },
      'invalid-config',
      /config in code channels\.ohlcv: no class is given for it; channels has tick$/,
    ],
    [
      'a name no channel may have',
      { channels: { 'My Channel': () => new Plain() } },
      'invalid-config',
      /My Channel.*must be 1 to 64 lower-case letters/,
    ],
  ];

  it.each(cases)('%s', async (_name, options, code, text) => {
    const error = await thrown(() => createRouter(options as RouterOptions));
    expect(error.code).toBe(code);
    if (typeof text === 'string') expect(error.message).toBe(text);
    else expect(error.message).toMatch(text);
  });

  const given: readonly (readonly [string, object, string | RegExp])[] = [
    ['a bus that is none', { events: new EventEmitter() }, 'events must be a mitt bus: its handlers are a Map, all'],
    [
      'a logger without children',
      { logger: console },
      'logger must be a pino logger, or one with its methods debug, info, warn, error, child; it has no child',
    ],
    ['no logger', { logger: null }, /it has no debug, info, warn, error, child$/],
    ['half a clock', { clock: { now: () => 0 } }, /^clock must have the methods .*; it has no wallTime, setTimeout/],
    ['a number for chance', { random: 5 }, 'random must be a function'],
    ['a list of sources', { sources: [] }, 'sources must be a plain map of names and sources'],
    ['a rule that is none', { recognize: [/T/] }, 'the rules of recognize must be a list of functions'],
    ['one rule', { recognize: { rules: () => 'tick' } }, 'the rules of recognize must be a list of functions'],
    ['an inspector', { inspect: {} }, 'inspect must be a function, or an observer with the method next'],
  ];

  it.each(given)('19.15 what the host gives: %s', async (_name, options, text) => {
    const error = await thrown(() => createRouter({ channels: { tick: () => new Plain() }, ...options }));
    expect(error.code).toBe('invalid-option');
    expect(error.message).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
  });

  it.each(['5', -1, Number.NaN, null])('a breaker is not opened for %s', async (coolDownMs) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const error = await thrown(() => rig.router.trip('tick', { coolDownMs: coolDownMs as number }));
    expect(error.message).toBe(`trip: coolDownMs must be a number of ms from 0, or Infinity, got ${coolDownMs}`);
    expect(rig.router.explain('tick').state).toBe('idle');
  });

  it.each([undefined, 5, 'channels.toml'])('%s is no file to watch', async (file) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const error = await thrown(() => rig.router.watch(file as string));
    expect(error.message).toContain(`${file}: must be a .yaml, .yml or .json file`);
  });

  it.each([null, 5, { ev: 'T' }, Promise.resolve([])])('`routeAll` takes no %s', async (all) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const error = await thrown(() => rig.router.routeAll(all as never));
    expect(error.message).toMatch(/^routeAll: the messages must be an iterable, got (Null|Number|Object|Promise);/);
  });

  it('R4.3 every mistake of a configuration is told at once', async () => {
    const config = { channels: { tick: { batchSize: 0, priority: 10, timeoutMss: 5 } } };
    const error = await thrown(() => createRouter({ channels: { tick: () => new Plain() }, config }));
    expect(error.code).toBe('invalid-config');
    expect(error.message.split('\n')).toHaveLength(4);
    expect(error.message).toContain('did you mean timeoutMs?');
  });
});

it('a channel that is asked for by a wrong name is told which there are', async () => {
  const rig = await createTestRouter({ sinks: { tick: {}, ohlcv: {} } });
  const { router } = rig;
  for (const act of [
    () => router.pause('tik'),
    () => router.resume('tik'),
    () => router.flush('tik'),
    () => router.restart('tik'),
    () => router.explain('tik'),
    () => router.remove('tik'),
  ]) {
    const error = await thrown(act);
    expect(error).toMatchObject({ code: 'unknown-channel', message: "no channel 'tik'; there is tick, ohlcv" });
  }
});

it('a channel that is there already cannot be added, and one with mistakes neither', async () => {
  const { router } = await createTestRouter({ sinks: { tick: {} } });
  const make = () => new Plain();
  expect(await thrown(() => router.add('tick', make))).toMatchObject({
    code: 'duplicate-channel',
    message: "there is a channel 'tick' already",
  });
  expect(await thrown(() => router.add('c', 5 as never))).toMatchObject({ code: 'invalid-option' });
  expect(await thrown(() => router.add('d', make, { batchSize: -1 }))).toMatchObject({ code: 'invalid-config' });
  expect([...router.channels.keys()]).toEqual(['tick']);
  expect(Object.keys(router.config.channels)).toEqual(['tick']);
});

it('a router that was stopped takes no more channels and does not start', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  await rig.stop();
  expect(await thrown(() => rig.router.add('b', () => new Plain()))).toMatchObject({
    code: 'not-running',
    message: 'the router was stopped',
  });
  expect(await thrown(() => rig.router.start())).toMatchObject({ code: 'not-running' });
});

it('a channel that reads itself in its constructor fails as such, and says what it did wrong', async () => {
  expect(await thrown(() => new Curious())).toMatchObject({
    code: 'not-bound',
    message: 'a channel can be read after a router has started it, not in its constructor',
  });
  const rig = await createTestRouter({ channels: { tick: () => new Curious() } });
  expect(rig.router.explain('tick').sentence).toContain('(its constructor threw: a channel can be read after');
});

it.each(['trip', 'reset'] as const)('`%s` of a channel without a breaker is refused, and says why', async (how) => {
  const rig = await createTestRouter({ sinks: { tick: { breaker: false } } });
  expect(await thrown(() => rig.router[how]('tick'))).toMatchObject({
    code: 'refused',
    message: "channel 'tick' has no breaker: its configuration says breaker: false",
  });
});

it.each([createActor(createMachine({})), {}, undefined])(
  '`routerOf` refuses what is no actor of ours',
  async (actor) => {
    expect(await thrown(() => routerOf(actor as never))).toMatchObject({
      code: 'invalid-option',
      message: 'this is not an actor of createRouterLogic',
    });
  },
);

it('what the clock of the host throws while a router is made, its maker is thrown', () => {
  const error = new Error('no time');
  const clock = {
    ...createSimulatedClock(),
    now: () => {
      throw error;
    },
  };
  expect(() => createRouter({ channels: { tick: () => new Plain() }, clock })).toThrow(error);
});

describe('names that every object has', () => {
  it('a channel may be called `constructor`: it is started, takes messages, and can be added and reloaded', async () => {
    const rig = await createTestRouter({ channels: { constructor: Plain, tick: Plain } });
    expect([...rig.router.channels.keys()].toSorted()).toEqual(['constructor', 'tick']);
    expect(rig.router.route({}, { dataType: 'constructor' })).toMatchObject({ status: 'accepted' });
    await rig.advance(1_000);
    expect(rig.metrics('constructor').delivered).toBe(1);
    await rig.router.reconfigure({ channels: { constructor: { batchSize: 3 }, tick: {} } });
    expect(rig.router.channels.get('constructor')?.config.batchSize).toBe(3);
    await rig.advanceUntil(rig.router.remove('constructor'));
    rig.router.add('constructor', Plain);
    expect(rig.router.explain('constructor').state).toBe('warming');
  });

  it.each(['__proto__', 'toString', 'hasOwnProperty'])('a channel called `%s` is refused in words', (name) => {
    const channels = Object.fromEntries([[name, Plain]]);
    expect(() => createRouter({ channels })).toThrow(/1 to 64 lower-case letters/);
    const router = createRouter({ channels: { tick: Plain } });
    expect(() => router.add(name, Plain)).toThrow(/1 to 64 lower-case letters/);
  });

  it('channels that are no plain map are refused in words: `{ __proto__: … }` names nothing', () => {
    expect(() => createRouter({ channels: { __proto__: Plain } as never })).toThrow(/channels must be a plain map/);
    expect(() => createRouter({ channels: new Map([['tick', Plain]]) as never })).toThrow(
      /channels must be a plain map/,
    );
  });
});

it.each([
  ['an object without a prototype', Object.create(null)],
  ['an object', { toString: () => 5n.valueOf }],
])('19.20 %s as a data type is an unknown one, and throws nothing', async (_name, dataType) => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  expect(rig.router.route({}, { dataType })).toMatchObject({ reason: 'unknown-type' });
  expect(rig.router.routeAll([{}], { dataType }).rejected).toBe(1);
  expect(await rig.router.offer({}, { dataType })).toMatchObject({ reason: 'unknown-type' });
});

it('a symbol as a data type, a name or a filter is an unknown one, and throws nothing else', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} }, recognize: [() => Symbol('tick') as never] });
  const symbol = Symbol('tick') as never;
  expect(rig.router.route({}, { dataType: symbol })).toMatchObject({ status: 'rejected', reason: 'unknown-type' });
  expect(await rig.router.offer({}, { dataType: symbol })).toMatchObject({ reason: 'unknown-type' });
  expect(rig.router.route({ ev: symbol })).toMatchObject({ reason: 'unknown-type' });
  expect(() => rig.router.explain(symbol)).toThrow(/no channel 'Symbol\(tick\)'/);
  expect(() => rig.router.add(symbol, rig.sink('fmv').channel)).toThrow(/must be a string/);
});

it('two routers of one logic share nothing that changes', async () => {
  const clock = createSimulatedClock();
  class Other extends Plain {}
  const logic = createRouterLogic({ channels: { tick: Plain }, clock });
  const actors = [createActor(logic, { clock }), createActor(logic, { clock })];
  const [first, second] = actors.map((actor) => routerOf(actor.start()));
  if (first === undefined || second === undefined) throw new Error('there are two');
  first.add('x', Plain, { batchSize: 3, eventRules: { of: 'first' } });
  second.add('x', Other, { batchSize: 5, dataType: 'y', eventRules: { of: 'second' } });
  second.add('z', Other);
  second.trip('tick');
  await clock.advance(10);
  await first.reconfigure({ channels: { tick: { batchSize: 7 }, x: { timeoutMs: 5 } } });
  expect(first.config.channels.x).toMatchObject({
    batchSize: 3,
    timeoutMs: 5,
    dataType: 'x',
    eventRules: { of: 'first' },
  });
  expect(second.config.channels.x).toMatchObject({ batchSize: 5, timeoutMs: 100, dataType: 'y' });
  expect([...first.channels.keys()]).toEqual(['tick', 'x']);
  expect([first, second].map((router) => router.metrics().channels.tick?.breaker?.state)).toEqual(['closed', 'open']);
  await clock.advance(10_000);
  await second.reconfigure({ channels: { tick: {}, x: {} } });
  expect([...second.channels.keys()]).toEqual(['tick', 'x', 'z']);
  expect(first.config.channels.tick?.batchSize).toBe(7);
  for (const actor of actors) actor.stop();
});

it('a logic is what it was made of, whatever code does to its options before an actor is made of it', async () => {
  const clock = createSimulatedClock();
  const options = {
    channels: { tick: Plain },
    recognize: [() => 'tick'],
    config: { channels: { tick: { batchSize: 2 } } },
    clock: clock as typeof clock | undefined,
  };
  const logic = createRouterLogic(options as RouterOptions);
  options.recognize.length = 0;
  options.clock = undefined;
  options.config.channels.tick.batchSize = -1;
  const router = routerOf(createActor(logic, { clock }).start());
  expect(router.route({})).toEqual({ status: 'accepted' });
  expect(await router.reconfigure(router.config)).toEqual([]);
  await clock.advance(10);
  router.actor.stop();
});
