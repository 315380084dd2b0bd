import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type BatchContext, DataChannelRouter, ProcessingChannel, type RouterMetrics } from '../../../src/index.ts';
import { newWorld } from '../../../src/testing/channel-world.ts';
import { type ChannelPath, channelPaths, createSink } from '../../../src/testing/index.ts';
import { PathRun } from '../../../src/testing/path-run.ts';

interface Trade {
  readonly sym: string;
  readonly p: number;
}

const messages: readonly Trade[] = [
  { sym: 'AAPL', p: 1 },
  { sym: 'AAPL', p: 2 },
];

/** Does everything right, with all that a channel may have. */
class Sound extends ProcessingChannel<Trade, number> {
  override readonly schema = z.object({ sym: z.string(), p: z.number() });
  override async warmUp(): Promise<void> {}
  override async process(batch: readonly Trade[], context: BatchContext<number>): Promise<void> {
    for (const { p } of batch) context.emit(p);
  }
  override close(): void {}
}

/** What the paths that fail say; so many of them are enough. */
async function failuresOf(paths: readonly ChannelPath[], enough = paths.length): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const { test } of paths)
    if (failures.length < enough) await test().catch((error: Error) => failures.push(error.message));
  return failures;
}

it('a sound channel walks paths that reach every state and take every transition there is', async () => {
  const { paths, coverage } = channelPaths(Sound, { messages });
  expect(coverage().states.reached).toBe(0);
  expect(await failuresOf(paths)).toEqual([]);
  const { states, transitions } = coverage();
  const figures = `${states.reached} of ${states.total} states, ${transitions.taken} of ${transitions.total} transitions`;
  process.stdout.write(`kit: ${paths.length} paths reach ${figures}\n`);
  expect(states.missing).toEqual([]);
  expect(transitions.missing).toEqual([]);
  expect(states.total).toBeGreaterThanOrEqual(14);
});

it('all paths are many more, and none has the description of another', () => {
  const few = channelPaths(Sound, { messages }).paths.map(({ description }) => description);
  const all = channelPaths(Sound, { messages, extent: 'all' }).paths.map(({ description }) => description);
  expect(new Set(few).size).toBe(few.length);
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBeGreaterThan(5 * few.length);
  expect(few).toContain('start (warming) → after warmUpTimeout (failed)');
});

it('a path can be walked again and again: nothing of one walk is left for the next', async () => {
  const last = channelPaths(Sound, { messages }).paths.at(-1);
  expect(await failuresOf([last, last, last].flatMap((path) => path ?? []))).toEqual([]);
});

describe('a channel that breaks its promises is found', () => {
  const failing = async (channel: new () => ProcessingChannel<Trade, number>, enough = 1, own = messages) =>
    failuresOf(channelPaths(channel, { messages: own }).paths, enough);

  it('one that fails when a batch comes again, with step, states, path and explanation', async () => {
    class Forgetful extends Sound {
      override async process(_batch: readonly Trade[], { attempt }: BatchContext<number>): Promise<void> {
        if (attempt > 1) throw new Error('seen before');
      }
    }
    const failures = await failing(Forgetful, 6);
    expect(failures).toHaveLength(6);
    const [first = ''] = failures;
    expect(first).toMatch(
      /^(in step \d+ of \d+, [\w.]+|at the end): process of the channel itself failed: Error: seen before$/m,
    );
    expect(first).toMatch(/^path: start \(warming\) → warmUp\.finished \(ready\.idle\)/m);
    expect(first).toMatch(/^channel (has been|failed) /m);
  });

  it.each([
    [
      'throws in process',
      { process: () => Promise.reject(new Error('no')) },
      'process of the channel itself failed: Error: no',
    ],
    [
      'throws in warmUp',
      { warmUp: () => Promise.reject(new Error('cold')) },
      'warmUp of the channel itself failed: Error: cold',
    ],
    [
      'throws in close',
      { close: () => Promise.reject(new Error('stuck')) },
      'close of the channel itself failed: Error: stuck',
    ],
    [
      'never settles',
      { process: () => new Promise<void>(() => {}) },
      "the channel's own work is not done after 1000 turns",
    ],
  ])('one that %s', async (_, methods, expected) => {
    class Broken extends Sound {
      constructor() {
        super();
        Object.assign(this, methods);
      }
    }
    expect(await failing(Broken)).toContainEqual(expect.stringContaining(expected));
  });

  it('one that names messages as failed where its sink is well: the state is not the expected one', async () => {
    class Picky extends Sound {
      override async process(_batch: readonly Trade[], context: BatchContext<number>): Promise<void> {
        context.fail(0, new Error('picky'));
      }
    }
    expect(await failing(Picky, 84)).toContainEqual(
      expect.stringMatching(
        /^in step \d+ of \d+, delivery.quieted: the channel should be in ready.idle, but is in ready.\w+$/m,
      ),
    );
  });

  it('one whose door refuses the messages of the test', async () => {
    const [first] = await failing(Sound, 1, [{ sym: 'AAPL', p: Number.NaN }]);
    expect(first).toMatch(/a message of the test was rejected as invalid: TypeError: p: /);
  });

  it('one whose constructor throws', async () => {
    class Unmade extends Sound {
      constructor() {
        super();
        throw new Error('unmade');
      }
    }
    const [first] = await failing(Unmade);
    expect(first).toContain('the channel has not started');
  });

  it('one that leaves a timer behind', async () => {
    const sink = createSink(Sound, { otherwise: ({ clock }) => void clock.setTimeout(() => {}, 1e9) });
    const [failure] = await failuresOf(channelPaths(sink.channel, { messages }).paths, 1);
    expect(failure).toMatch(/^at the end: \d+ timers are left$/m);
  });

  it('one whose events are not what the test says, told by `check`', async () => {
    const { paths } = channelPaths(Sound, {
      messages,
      check: ({ events }) => {
        if (events.some(({ event }) => event === 2)) throw new Error('a two');
      },
    });
    const failures = await failuresOf(paths);
    expect(failures).toContainEqual(expect.stringContaining('at the end: a two'));
    expect(failures.length).toBeLessThan(paths.length);
  });
});

describe('a router that breaks its promises is found', () => {
  afterEach(() => vi.restoreAllMocks());

  /** Plants a router whose metrics say this instead. */
  function plant(metricsOf: (metrics: RouterMetrics, router: DataChannelRouter) => RouterMetrics): void {
    const { metrics } = DataChannelRouter.prototype;
    vi.spyOn(DataChannelRouter.prototype, 'metrics').mockImplementation(function (this: DataChannelRouter) {
      return metricsOf(metrics.call(this), this);
    });
  }

  it('one that counts a call after its stop', async () => {
    plant(({ channels, ...rest }, { state }) => {
      const late = state === 'stopped' ? 1 : 0;
      const more = Object.entries(channels).map(([name, { received, accepted, delivered, ...each }]) => {
        return [name, { ...each, received: received + late, accepted: accepted + late, delivered: delivered + late }];
      });
      return { ...rest, received: rest.received + late, channels: Object.fromEntries(more) };
    });
    const [failure] = await failuresOf(channelPaths(Sound, { messages }).paths, 1);
    expect(failure).toMatch(/^at the end: a call that ended after the stop was counted$/m);
  });

  it('one that loses count', async () => {
    plant((metrics) => ({ ...metrics, conserved: false }));
    const [failure] = await failuresOf(channelPaths(Sound, { messages }).paths, 1);
    expect(failure).toMatch(/^in step 1 of \d+, xstate\.init: router: it says of itself that it isn't conserved$/m);
  });
});

it.each(['xstate.after.neverHeardOf.channel', 'never.heardOf'])(
  'a statechart that hears of %s, of which no cause is known, fails its path',
  async (type) => {
    const run = new PathRun({ make: () => new Sound(), messages, eventRules: {}, batchSize: 2, inspect: () => {} });
    await run.settle();
    await expect(run.cause({ type, world: newWorld(2) })).rejects.toThrow(`no cause is known for ${type}`);
    run.end();
  },
);

it('a sink is walked like the channel it is around', async () => {
  const sink = createSink(Sound);
  const { paths } = channelPaths(sink.channel, { messages });
  expect(await failuresOf(paths.slice(-5))).toEqual([]);
  expect(sink.delivered.length).toBeGreaterThan(0);
});

it('messages that are the same object are told apart by their order', async () => {
  const [same] = messages;
  const { paths } = channelPaths(Sound, { messages: [same] });
  expect(await failuresOf(paths)).toEqual([]);
});

it('the rules of a channel are given as a configuration would give them', async () => {
  const limits = z.object({ max: z.number() });
  class Limited extends ProcessingChannel<Trade, number, z.output<typeof limits>> {
    static override readonly rules = limits;
    override process(_batch: readonly Trade[], context: BatchContext<number, z.output<typeof limits>>): void {
      context.emit(context.rules.max);
    }
  }
  const { paths } = channelPaths(Limited, { messages, eventRules: { max: 3 } });
  expect(await failuresOf(paths.slice(-3))).toEqual([]);
  const [failure] = await failuresOf(channelPaths(Limited, { messages }).paths.slice(-1));
  expect(failure).toContain('max');
});

it('no messages are a mistake of the test', () => {
  expect(() => channelPaths(Sound, { messages: [] })).toThrow('messages must have at least one message');
});
