import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { RouterConfigInput } from '../../../src/config/schema.ts';
import { mistakesOf, placeOf, writeConfig } from './config-files.ts';

const environment = {};

describe('files', () => {
  test('R4.2 the shipped configuration is valid and configures the three data types', async () => {
    const { channels } = await loadConfig('config/channels.yaml', { environment });
    expect(Object.keys(channels)).toEqual(['tick', 'ohlcv', 'fmv']);
    expect(channels.ohlcv?.eventRules).toEqual({ minMovePercent: 0.1 });
    expect(channels.fmv?.eventRules).toEqual({ maxDeviationPercent: 0.02 });
  });

  test('R4.2 YAML and JSON mean the same, tabs included', async () => {
    const yaml = await writeConfig('channels:\n  tick: { batchSize: 3 }\n');
    const json = await writeConfig('{\n\t"channels": {\n\t\t"tick": { "batchSize": 3 }\n\t}\n}\n', 'channels.json');
    expect(await loadConfig(yaml, { environment })).toEqual(await loadConfig(json, { environment }));
  });

  test('R4.3 seven different mistakes are all told, each with its line and column', async () => {
    const file = await writeConfig(`router:
  sliceMs: 0
channels:
  tick:
    bachSize: 1
    priority: 12
  ohlcv:
    batchSize: "many"
    overflow: drop-oldst
  fmv:
    name: fvm
    batchSize: 5000
`);
    expect(await mistakesOf(() => loadConfig(file, { environment }))).toEqual([
      'channels.yaml:2:12 router.sliceMs: must be a number from 0.1 to 1000, got 0',
      'channels.yaml:5:5 channels.tick.bachSize: is not a known field, did you mean batchSize?',
      'channels.yaml:6:15 channels.tick.priority: must be a whole number from 1 to 9, got 12',
      'channels.yaml:8:16 channels.ohlcv.batchSize: must be a whole number from 1 to 100000, got "many"',
      'channels.yaml:9:15 channels.ohlcv.overflow: must be one of reject, drop-oldest, drop-newest, conflate, got "drop-oldst", did you mean drop-oldest?',
      'channels.yaml:11:11 channels.fmv.name: must be fmv or left out, got "fvm"',
      'channels.yaml:12:16 channels.fmv.batchSize: must be at most capacity (1000), got 5000',
    ]);
  });

  test.each<[string, readonly (string | RegExp)[]]>([
    [
      'channels:\n  tick:\n    priority: 1\n    priority: 0\n',
      [
        'channels.yaml:4:5 channels.tick.priority: is written twice',
        'channels.yaml:4:15 channels.tick.priority: must be a whole number from 1 to 9, got 0',
      ],
    ],
    ['router: [\nchannels: "x\n', [/^channels\.yaml:2:1: /, /^channels\.yaml:3:1: /]],
    ['# nothing\n', ['channels.yaml: must be a map with router and channels, got an empty file']],
    ['- 1\n', ['channels.yaml:1:1: must be a map with router and channels, got [1]']],
    ['router: {}\n---\nrouter: {}\n', ['channels.yaml:2:1: another document begins here; a configuration is one']],
    [
      'channels:\n  tick:\n    priority:\n',
      ['channels.yaml:3:14 channels.tick.priority: must be a whole number from 1 to 9, got nothing'],
    ],
    [
      'x-base: &base\n  priority: 0\nchannels:\n  tick:\n    <<: *base\n    x: 1\n  fmv: *base\n',
      [
        'channels.yaml:2:13 channels.tick.priority: must be a whole number from 1 to 9, got 0',
        'channels.yaml:2:13 channels.fmv.priority: must be a whole number from 1 to 9, got 0',
        /^channels.yaml:6:5 channels.tick.x: is not a known field/,
      ],
    ],
    ['channels:\n  tick:\n    <<: [5]\n', ['channels.yaml:3:5: << takes a map, an alias of a map, or a list of them']],
    ['channels: &a\n  tick: *a\n', ['channels.yaml:2:9: *a stands inside its own anchor']],
    ['channels:\n  tick: { "<<": {} }\n', [/^channels.yaml:2:11 channels.tick."<<": is not a known field/]],
    ['channels:\n  __proto__: {}\n', [/^channels\.yaml:2:3 channels\.__proto__: must be 1 to 64/]],
    [
      'channels:\n  ohlcv:\n    capacity: 9\n',
      ['channels.yaml:3:15 channels.ohlcv.capacity: must be at least batchSize (100), got 9'],
    ],
    ['router: !!js/function 1\n', [/^channels\.yaml:1:9: Unresolved tag/]],
    ['router: *nowhere\n', ['channels.yaml:1:9: no anchor &nowhere stands before this alias']],
    [
      '"a\\e[31m\\nb": 1\n',
      ['channels.yaml:1:1 "a\\u001b[31m\\nb": is not a known field (router, channels, and in a file x-… for anchors)'],
    ],
  ])('%j is a mistake with its place', async (text, expected) => {
    const mistakes = await mistakesOf(async () => loadConfig(await writeConfig(text), { environment }));
    expect(mistakes).toEqual(expected.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))));
  });

  test.each<[string, string | Uint8Array, string, RegExp]>([
    ['another kind of file', '', 'channels.toml', /must be a \.yaml, \.yml or \.json file/],
    ['text in another encoding', new Uint8Array([0xff, 0xfe, 0x41]), 'a.yaml', /must be text in UTF-8/],
    ['a huge file', ' '.repeat(300_000), 'a.yaml', /must be at most 262144 bytes, got 300000/],
    ['deep nesting of lists', '['.repeat(20_000), 'a.yaml', /must not be nested deeper than 50 levels/],
    ['deep nesting of maps', '? '.repeat(20_000), 'a.yaml', /must not be nested deeper than 50 levels/],
    ['an alias bomb', bomb(), 'a.yaml', /must not hold more than 1000000 values/],
  ])('%s is refused, not obeyed', async (_name, content, name, expected) => {
    const mistakes = await mistakesOf(async () => loadConfig(await writeConfig(content, name), { environment }));
    expect(mistakes).toEqual([expect.stringMatching(expected)]);
  });

  test('a file that is missing and a directory are told apart', async () => {
    const directory = join(dirname(await writeConfig('')), 'directory.yaml');
    await mkdir(directory);
    expect(await mistakesOf(() => loadConfig(directory))).toEqual(['directory.yaml: must be a file, got a directory']);
    expect(await mistakesOf(() => loadConfig('missing.yaml'))).toEqual([expect.stringMatching(/no such file/)]);
    expect(await mistakesOf(() => loadConfig('a\0b.yaml'))).toEqual([expect.stringMatching(/without null bytes/)]);
  });

  test('what is neither a file nor a directory is not read', async () => {
    const device = join(dirname(await writeConfig('')), 'device.yaml');
    await symlink('/dev/null', device);
    expect(await mistakesOf(() => loadConfig(device))).toEqual(['device.yaml: must be a file, got a device']);
  });

  test.each([
    ['nothing', 'channels: { tick: {} }\n~: 1\n', /:2:1 "": is not a known field/],
    ['a list', 'channels: { tick: {} }\n? [a, b]\n: 1\n', /"\[\\"a\\",\\"b\\"\]": is not a known field/],
  ])('a key that is %s is told', async (_, text, expected) => {
    const mistakes = await mistakesOf(async () => loadConfig(await writeConfig(text), { environment }));
    expect(mistakes).toEqual([expect.stringMatching(expected)]);
  });

  test('any bytes give a configuration or mistakes, never a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await mistakesOf(async () => loadConfig(await writeConfig(bytes), { environment }));
      }),
      { numRuns: 50 },
    );
  });
});

function bomb(): string {
  const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(of).join(', ')}]\n`;
  return (
    level('a', '1') +
    level('b', '*a') +
    level('c', '*b') +
    level('d', '*c') +
    level('e', '*d') +
    level('f', '*e') +
    level('g', '*f')
  );
}

describe('precedence', () => {
  test('R4.2 code wins over the environment, the environment over the file, the file over the defaults', async () => {
    const source = fc.record({ file: fc.boolean(), variable: fc.boolean(), code: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(source, async ({ file, variable, code }) => {
        const path = await writeConfig(`channels: { tick: { ${file ? 'capacity: 11' : ''} } }`);
        const overrides: RouterConfigInput = { channels: { tick: code ? { capacity: 33 } : {} } };
        const variables = variable ? { SLUICE_TICK_CAPACITY: '22' } : {};
        const config = await loadConfig(path, { environment: variables, overrides });
        const expected = code ? 33 : variable ? 22 : file ? 11 : 1000;
        expect(config.channels.tick?.capacity).toBe(expected);
        const writer = code ? 'overrides' : variable ? 'SLUICE_TICK_CAPACITY' : path;
        expect(placeOf(config, ['channels', 'tick', 'capacity'])?.file).toBe(writer);
      }),
      { numRuns: 20 },
    );
  });

  test('fields laid over what is no map do not hide the mistake', async () => {
    const file = await writeConfig('router: 5\nchannels:\n  tick: []\n');
    const load = () =>
      loadConfig(file, {
        environment: { SLUICE_ROUTER_SLICE_MS: '2', SLUICE_TICK_PRIORITY: '1' },
        overrides: { router: { starvationMs: 5 } },
      });
    expect(await mistakesOf(load)).toEqual([
      'channels.yaml:1:9 router: must be a map of fields, got 5',
      'channels.yaml:3:9 channels.tick: must be a map of fields, got []',
    ]);
  });

  test('a channel that only code names can be set by the environment too', async () => {
    const file = await writeConfig('router: {}');
    const overrides = { channels: { quote: {} } };
    const { channels } = await loadConfig(file, { environment: { SLUICE_QUOTE_PRIORITY: '7' }, overrides });
    expect(channels.quote?.priority).toBe(7);
  });

  test('maps are laid over one another field by field, windows and rules are replaced whole', async () => {
    const file = await writeConfig(
      'channels: { tick: { retry: { attempts: 9 }, breaker: { window: { count: 30 }, probes: 5 }, eventRules: { a: 1 } } }',
    );
    const tick = { retry: { factor: 3 }, breaker: { window: { ms: 5 } }, eventRules: { b: 2 } };
    const config = await loadConfig(file, { environment, overrides: { channels: { tick } } });
    expect(config.channels.tick).toMatchObject({
      retry: { attempts: 9, factor: 3 },
      breaker: { window: { ms: 5 }, probes: 5 },
    });
    expect(config.channels.tick?.eventRules).toEqual({ b: 2 });
  });
});
