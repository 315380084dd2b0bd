import { describe, expect, it } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { createRouter, ProcessingChannel, type RouterOptions, routerOf, SluiceError } from '../../../src/index.ts';
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
      'unknown-channel',
      'config.channels.ohlcv: no class is given for it; channels has tick',
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
    message: 'the router is stopped',
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

it('`routerOf` refuses an actor that is none of ours', async () => {
  const actor = createActor(createMachine({}));
  expect(await thrown(() => routerOf(actor as never))).toMatchObject({
    code: 'invalid-option',
    message: 'routerOf: this actor is not one of createRouterLogic',
  });
});

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
