import { writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configCommand } from '../../../src/cli/config-command.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { writeConfig } from './config-files.ts';
import { channels } from './example-module.ts';

afterEach(() => {
  process.exitCode = undefined;
});

async function run(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const command = configCommand();
  for (const each of [command, ...command.commands])
    each.configureOutput({ writeOut: (text) => out.push(text), writeErr: (text) => err.push(text) });
  await command.parseAsync(args, { from: 'user' });
  return { out: out.join(''), err: err.join(''), exitCode: process.exitCode };
}

describe('config check', () => {
  test('a sound file is told with its channels', async () => {
    const { out, exitCode } = await run('check', 'config/channels.yaml');
    expect(out).toBe('config/channels.yaml: ok, 3 channels: tick, ohlcv, fmv\n');
    expect(exitCode).toBeUndefined();
  });

  test('mistakes go to standard error, one a line, and the exit code is 1', async () => {
    const file = await writeConfig('channels: { tick: { priority: 0, x: 1 } }');
    const { out, err, exitCode } = await run('check', file);
    expect(out).toBe('');
    expect(err.trimEnd().split('\n')).toEqual([
      `${file}:1:31 channels.tick.priority: must be a whole number from 1 to 9, got 0`,
      expect.stringContaining(`${file}:1:34 channels.tick.x: is not a known field`),
    ]);
    expect(exitCode).toBe(1);
  });

  test('with --channels it checks names and rules by the classes, beside all other mistakes', async () => {
    const file = await writeConfig(
      'channels: { tick: { priority: 0 }, ohlcv: { eventRules: { minMovePercent: -1 } }, bars: {} }',
    );
    const { err, exitCode } = await run('check', file, '--channels', 'test/unit/config/example-module.ts');
    expect(err.trimEnd().split('\n')).toEqual([
      expect.stringContaining('channels.tick.priority: must be a whole number from 1 to 9, got 0'),
      expect.stringContaining('channels.ohlcv.eventRules.minMovePercent: Too small'),
      expect.stringContaining('channels.bars: no class is given for it; channels has tick, ohlcv, fmv'),
    ]);
    expect(exitCode).toBe(1);
    const sound = await run('check', 'config/channels.yaml', '--channels', 'test/unit/config/example-module.ts');
    expect(sound.out).toBe(`config/channels.yaml: ok, 3 channels: ${Object.keys(channels).join(', ')}\n`);
  });

  test('a module without channels is told', async () => {
    const without = run('check', 'config/channels.yaml', '--channels', 'test/unit/config/config-files.ts');
    await expect(without).rejects.toThrow(/config-files\.ts must export channels/);
  });

  test('a module that throws is told with its name', async () => {
    const module = (await writeConfig('')).replace(/yaml$/, 'mjs');
    await writeFile(module, 'throw null');
    await expect(run('check', 'config/channels.yaml', '--channels', module)).rejects.toThrow(
      `${module} cannot be used: null`,
    );
  });

  test('a missing file is told in one clear line', async () => {
    const { err, exitCode } = await run('check', 'missing.yaml');
    expect(err).toMatch(/^missing\.yaml: .*no such file.*\n$/);
    expect(exitCode).toBe(1);
  });
});

describe('config print', () => {
  const defaults = parseConfig({ channels: { tick: {}, ohlcv: {}, fmv: {} } });

  test('without a file it prints the defaults of the three data types, as YAML or JSON', async () => {
    expect(parse((await run('print')).out)).toEqual(defaults);
    expect(JSON.parse((await run('print', '--json')).out)).toEqual(defaults);
  });

  test('of a channel without a shipped data type it says which defaults it gets, and why', async () => {
    const file = await writeConfig('channels: { tick: {}, quotes: { batchSize: 7 }, bars: { dataType: ohlcv } }');
    const { out } = await run('print', file);
    const comments = out.split('\n').filter((line) => line.trim().startsWith('#'));
    expect(comments).toEqual([
      "  # sluice has defaults for the data types tick, ohlcv, fmv, but not for 'quotes'. Fields that are not set for this",
      '  # channel get the general defaults: priority 2, batchSize 100, timeoutMs 100.',
    ]);
    expect(out.split('\n')[out.split('\n').indexOf(comments[1] ?? '') + 1]).toBe('  quotes:');
    expect((await run('print', await writeConfig(out))).out).toBe(out);
  });

  test('what it prints is a configuration that comes to the same', async () => {
    const { out } = await run('print', 'config/channels.yaml');
    const again = await run('print', await writeConfig(out));
    expect(again.out).toBe(out);
  });
});

test('config print shows no value that is named like a secret, also of thousands of channels, and no mistake does', async () => {
  const rules = 'eventRules: { apiKey: hunter2, url: "https://me:hunter2@feed", limit: 5 }';
  const channels = Array.from({ length: 1_010 }, (_, index) => `  c${index}: { ${rules} }`);
  const file = await writeConfig(`channels:\n${channels.join('\n')}`);
  for (const options of [[], ['--json']]) {
    const { out } = await run('print', file, ...options);
    expect(out).not.toContain('hunter2');
    const { channels } = options.length === 0 ? parse(out) : JSON.parse(out);
    expect(Object.keys(channels)).toHaveLength(1_010);
    expect(channels.c1009.eventRules).toEqual({
      apiKey: '(not shown)',
      url: 'https://(not shown)@feed',
      limit: 5,
    });
  }
  const wrong = await writeConfig('channels: { tick: { breaker: [{ apiKey: hunter2 }], eventRules: hunter } }');
  const { err } = await run('check', wrong);
  expect(err).toMatch(/breaker/);
  expect(err).not.toContain('hunter2');
});
