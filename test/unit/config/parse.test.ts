import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { loadConfig } from '../../../src/config/load.ts';
import { ConfigError } from '../../../src/config/mistakes.ts';
import { parseConfig, withoutChannel } from '../../../src/config/parse.ts';
import { channelSchema, configSchema, type RouterConfigInput } from '../../../src/config/schema.ts';
import { type Field, fieldsOf, section } from '../../../src/config/walk.ts';
import { mistakesOf, placeOf, writeConfig } from './config-files.ts';

/** Input as it comes from JavaScript, where no type stops a mistake. */
function parseUnchecked(input: unknown) {
  return parseConfig(input as RouterConfigInput);
}

describe('defaults', () => {
  test.each([
    ['tick', { priority: 1, batchSize: 1, timeoutMs: 10 }],
    ['ohlcv', { priority: 2, batchSize: 100, timeoutMs: 100 }],
    ['fmv', { priority: 3, batchSize: 50, timeoutMs: 500 }],
    ['quote', { priority: 2, batchSize: 100, timeoutMs: 100 }],
  ])('R4.4 the data type %s has its own turn and batches', (name, expected) => {
    expect(parseConfig({ channels: { [name]: {} } }).channels[name]).toMatchObject({
      name,
      dataType: name,
      ...expected,
    });
  });

  test('R4.4 the defaults follow the data type, not the name of the channel', () => {
    const { channels } = parseConfig({ channels: { trades: { dataType: 'tick' }, tick: { dataType: 'constructor' } } });
    expect(channels.trades).toMatchObject({ name: 'trades', dataType: 'tick', batchSize: 1 });
    expect(channels.tick).toMatchObject({ dataType: 'constructor', batchSize: 100 });
  });

  test('R4.1 an empty channel gets in every field the default that the reference names', () => {
    const { channels, router } = parseConfig({ channels: { ohlcv: {} } });
    const check = (filled: unknown, fields: readonly Field[]): void => {
      const leaves = fields.filter(({ schema }) => section(schema) === undefined);
      for (const { path, schema } of leaves) {
        if (!(schema instanceof z.ZodDefault)) continue;
        const value = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], filled);
        expect(value, path.join('.')).toEqual(schema.def.defaultValue);
      }
    };
    check(
      { router },
      fieldsOf(configSchema).filter(({ path }) => path[0] === 'router'),
    );
    check(channels.ohlcv, fieldsOf(channelSchema));
    expect(channels.ohlcv?.breaker).toMatchObject({ window: { count: 20 } });
  });

  test('a field that is undefined gets the default of its data type', () => {
    expect(parseUnchecked({ channels: { tick: { batchSize: undefined } } }).channels.tick?.batchSize).toBe(1);
  });

  test('a part of the breaker leaves its other fields at their defaults, and a window by time replaces one by count', () => {
    const { channels } = parseConfig({ channels: { tick: { breaker: { window: { ms: 50 }, minimumCalls: 30 } } } });
    expect(channels.tick?.breaker).toMatchObject({ window: { ms: 50 }, minimumCalls: 30, probes: 3 });
  });

  test('a function may choose the partition and comes back as it is', () => {
    const partitionBy = () => 'all';
    expect(parseConfig({ channels: { tick: { partitionBy } } }).channels.tick?.partitionBy).toBe(partitionBy);
  });
});

describe('a resolved configuration', () => {
  const written = fc.record(
    {
      priority: fc.integer({ min: 1, max: 9 }),
      batchSize: fc.integer({ min: 1, max: 500 }),
      capacity: fc.integer({ min: 500, max: 10_000 }),
      overflow: fc.constantFrom('reject' as const, 'drop-oldest' as const, 'conflate' as const),
      breaker: fc.constantFrom(false as const, { probes: 2 }, { window: { ms: 5 } }),
      eventRules: fc.dictionary(fc.string(), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );

  test('comes back as itself, and a copy of it as its equal', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^c[a-z0-9-]{0,8}$/), written), (channels) => {
        const config = parseConfig({ channels });
        expect(parseConfig(config)).toBe(config);
        expect(parseConfig({ ...config })).toEqual(config);
      }),
    );
  });

  test('is frozen down to the breaker window, but the rules of the host are left alone', () => {
    const rule = { percent: 1 };
    const eventRules = { rule };
    const tick = parseConfig({ channels: { tick: { eventRules } } }).channels.tick;
    const window = tick?.breaker ? tick.breaker.window : {};
    expect([tick, tick?.retry, tick?.eventRules, window].every(Object.isFrozen)).toBe(true);
    expect([eventRules, rule].some(Object.isFrozen)).toBe(false);
  });

  test('knows the name of the code it came from', () => {
    const config = parseConfig({ channels: { tick: { batchSize: 2 } } });
    expect(placeOf(config, ['channels', 'tick', 'batchSize'])).toEqual({ file: 'config in code' });
    expect(placeOf({ ...config }, [])).toBeUndefined();
  });
});

describe('channels written alike', () => {
  const defaults = [
    {},
    { priority: 3 },
    { priority: 3, timeoutMs: 7 },
    { breaker: { window: { ms: 5 } } },
    { breaker: false },
  ];
  const odd = [
    { priority: 99 },
    { batchSize: 1n },
    { batchSize: 1, capacity: 0 },
    { 'priority:3,x': 1 },
    null,
    { name: 'cb' },
  ];
  const other = [
    { dataType: 'tick' },
    { eventRules: { a: 1 } },
    { eventRules: null },
    { dataType: '' },
    { dataType: undefined },
  ];
  const names = fc.constantFrom('ca', 'cb', 'cc', 'cd', 'tick', 'ohlcv', 'C');

  test('become what each of them would be alone, and have the mistakes that each would have', async () => {
    const channel = fc.constantFrom<unknown>(...defaults, ...defaults, ...odd, ...other);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, channel, { maxKeys: 7 }), async (channels) => {
        const alone: Record<string, unknown> = {};
        const mistakes: string[] = [];
        for (const [name, one] of Object.entries(channels)) {
          const found = await mistakesOf(() => {
            alone[name] = parseUnchecked({ channels: { [name]: one } }).channels[name];
          }).catch(() => []);
          mistakes.push(...found);
        }
        if (mistakes.length === 0) expect(parseUnchecked({ channels }).channels).toEqual(alone);
        else expect((await mistakesOf(() => parseUnchecked({ channels }))).toSorted()).toEqual(mistakes.toSorted());
      }),
    );
  });

  test('keep their order, and rules of their own', () => {
    const rules = { deep: {} };
    const { channels } = parseConfig({ channels: { cb: { eventRules: rules }, ca: {}, cc: { eventRules: rules } } });
    expect(Object.keys(channels)).toEqual(['cb', 'ca', 'cc']);
    expect(channels.cb?.eventRules).toEqual(rules);
    expect(channels.cc?.eventRules.deep).not.toBe(channels.cb?.eventRules.deep);
    expect(Object.isFrozen(channels.cc?.eventRules)).toBe(true);
  });
});

describe('a channel that is taken out', () => {
  test('is gone from every place that named it, and nothing else is', async () => {
    const file = await writeConfig('channels: { tick: { batchSize: 3 }, ohlcv: { priority: 4 } }');
    const environment = { SLUICE_ROUTER_SLICE_MS: '3' };
    const overrides = { channels: { tick: { priority: 2 } } };
    const config = await loadConfig(file, { environment, overrides });
    const left = withoutChannel(config, 'tick');
    expect([Object.keys(left.channels), left.router.sliceMs, left.channels.ohlcv?.priority]).toEqual([['ohlcv'], 3, 4]);
    expect(placeOf(left, ['channels', 'tick', 'batchSize'])).not.toEqual(
      placeOf(config, ['channels', 'tick', 'batchSize']),
    );
    expect(placeOf(left, ['channels', 'ohlcv', 'priority'])).toEqual(
      placeOf(config, ['channels', 'ohlcv', 'priority']),
    );
  });
});

describe('mistakes', () => {
  test.each<[unknown, string]>([
    [{ batchSize: Number.NaN }, 'batchSize: must be a whole number from 1 to 100000, got NaN'],
    [{ capacity: Number.POSITIVE_INFINITY }, 'capacity: must be a whole number from 1 to 10000000, got Infinity'],
    [{ priority: 1e300 }, 'priority: must be a whole number from 1 to 9, got 1e+300'],
    [{ batchSize: 1.5 }, 'batchSize: must be a whole number from 1 to 100000, got 1.5'],
    [
      { overflow: 'drop-oldst' },
      'overflow: must be one of reject, drop-oldest, drop-newest, conflate, got "drop-oldst", did you mean drop-oldest?',
    ],
    [{ batch_size: 1 }, 'batch_size: is not a known field, did you mean batchSize?'],
    [{ breaker: { coolDwonMs: 1 } }, 'breaker.coolDwonMs: is not a known field, did you mean coolDownMs?'],
    [
      { retry: { zebra: 1 } },
      'retry.zebra: is not a known field (attempts, delayMs, factor, delayMsMax, retryAfterMsMax)',
    ],
    [{ breaker: true }, 'breaker: must be false or a map of fields, got true'],
    [
      { breaker: { window: { count: 20, ms: 5 } } },
      'breaker.window: must be { count: 1 to 10000 } or { ms: 1 to 86400000 }, got {"count":20,"ms":5}',
    ],
    [
      { breaker: { window: { count: 1e6 } } },
      'breaker.window.count: must be a whole number from 1 to 10000, got 1000000',
    ],
    [{ batchSize: 2000 }, 'batchSize: must be at most capacity (1000), got 2000'],
    [{ dataType: 'ohlcv', capacity: 50 }, 'capacity: must be at least batchSize (100), got 50'],
    [{ retry: { delayMs: 9, delayMsMax: 8 } }, 'retry.delayMs: must be at most retry.delayMsMax (8), got 9'],
    [{ restart: { delayMsMax: 8 } }, 'restart.delayMsMax: must be at least restart.delayMs (100), got 8'],
    [
      { breaker: { coolDownMs: 9, coolDownMsMax: 8 } },
      'breaker.coolDownMs: must be at most breaker.coolDownMsMax (8), got 9',
    ],
    [{ breaker: { minimumCalls: 21 } }, 'breaker.minimumCalls: must be at most breaker.window.count (20), got 21'],
    [{ share: 2 }, 'share: must be left out at priority 1, which takes no turns, got 2'],
    [{ name: 'trades' }, 'name: must be tick or left out, got "trades"'],
    [{ eventRules: [1] }, 'eventRules: must be a map of rules, got [1]'],
    [JSON.parse('{"__proto__": 1}'), '__proto__: is not a known field'],
  ])('%j is told with what is allowed and what came: %s', async (tick, expected) => {
    const [mistake = '', ...others] = await mistakesOf(() => parseUnchecked({ channels: { tick } }));
    expect(mistake.startsWith(`config in code channels.tick.${expected}`), mistake).toBe(true);
    expect(others).toEqual([]);
  });

  test.each([undefined, null, 5, 'x', [], () => {}])('%s instead of a configuration is refused', (input) => {
    expect(() => parseUnchecked(input)).toThrow(/must be a map with router and channels/);
  });

  test.each(['Tick', '1st', 'a_b', 'router', '', 'a\nb', '__proto__', 'a'.repeat(65)])(
    'the name %j is refused',
    async (name) => {
      const channels = Object.fromEntries([[name, {}]]);
      const mistakes = await mistakesOf(() => parseUnchecked({ channels }));
      expect(mistakes).toHaveLength(1);
      expect(mistakes[0]).toMatch(/^config in code channels\..*: must be 1 to 64 lower-case letters/);
    },
  );

  test('two channels may serve the same data type, each with the defaults of that type', () => {
    const { channels } = parseConfig({ channels: { tick: {}, trades: { dataType: 'tick', capacity: 7 } } });
    expect(channels.trades).toEqual({ ...channels.tick, name: 'trades', capacity: 7 });
  });

  test('R4.3 the error is misuse with a code, and every mistake has a line in its message', () => {
    const parse = () => parseUnchecked({ router: { sliceMs: 0 }, channels: { tick: { priority: 0, x: 1 } } });
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(expect.objectContaining({ name: 'SluiceError', code: 'invalid-config' }));
    expect(parse).toThrow(/^3 mistakes in the configuration:\n.*sliceMs.*\n.*tick.*\n.*tick.*$/);
  });

  test('R4.3 however many fields are wrong, each of them is told', async () => {
    const bad = {
      priority: 10,
      batchSize: 'many',
      timeoutMs: -1,
      capacity: null,
      overflow: 'spill',
      partitions: 0.5,
      partitionBy: 7,
      isolate: 'no',
      retry: 3,
      breaker: 'on',
      bogus: 1,
    };
    await fc.assert(
      fc.asyncProperty(fc.subarray(Object.entries(bad)), fc.subarray(['a', 'b', 'c']), async (fields, names) => {
        const planted = names.flatMap((name) => fields.map(([key]) => `channels.${name}.${key}`));
        const channels = Object.fromEntries(names.map((name) => [name, Object.fromEntries(fields)]));
        const told = await mistakesOf(() => parseUnchecked({ channels }));
        expect(told.map((line) => /code (\S+): /.exec(line)?.[1]).toSorted()).toEqual(planted.toSorted());
      }),
    );
  });

  test('a value that refers to itself or refuses to be shown is still only a mistake', async () => {
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    const hostile = { batchSize: loop, dataType: Object.create(null), capacity: 10n, partitionBy: Symbol('x') };
    expect(await mistakesOf(() => parseUnchecked({ channels: { tick: hostile } }))).toHaveLength(4);
  });
});
