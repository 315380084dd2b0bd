import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { ConfigError } from '../../../src/config/mistakes.ts';
import { writeConfig } from './config-files.ts';

const environment = {};

test.each([
  ['a channel', 'channels:\n  tick:\n'],
  ['its parts', 'channels:\n  tick:\n    retry:\n    breaker:\n    restart:\n    eventRules:\n'],
  ['the router', 'router:\nchannels:\n  tick: {}\n'],
])('%s with nothing under it is the defaults', async (_, text) => {
  const plain = await loadConfig(await writeConfig('channels: { tick: {} }'), { environment });
  expect(await loadConfig(await writeConfig(text), { environment })).toEqual(plain);
});

test.each([
  ['', 'got an empty file'],
  ['---\n', 'got an empty file'],
  ['# nothing\n~\n', 'got an empty file'],
  ['channels: { tick: {} }\n---\n', ':2:1: another document begins here; a configuration is one'],
])('%j is no configuration', async (text, why) => {
  const file = await writeConfig(text);
  await expect(loadConfig(file, { environment })).rejects.toThrow(why);
});

test('anchors and merge keys mean what YAML says: a key of the map itself wins, then the first base', async () => {
  const file = await writeConfig(`x-slow: &slow { batchSize: 7, retry: { attempts: 9 } }
x-late: &late { batchSize: 8, timeoutMs: 77 }
channels:
  tick: &tick
    <<: [*slow, *late]
    priority: 4
  ohlcv: { <<: *tick, priority: 5 }
  fmv: *late
`);
  const { channels } = await loadConfig(file, { environment });
  expect(channels.tick).toMatchObject({ batchSize: 7, timeoutMs: 77, priority: 4, retry: { attempts: 9 } });
  expect(channels.ohlcv).toMatchObject({ batchSize: 7, timeoutMs: 77, priority: 5, dataType: 'ohlcv' });
  expect(channels.fmv).toMatchObject({ batchSize: 8, timeoutMs: 77, priority: 3 });
});

test('hundreds of channels may share one anchor', async () => {
  const names = Array.from({ length: 500 }, (_, index) => `c${index}`);
  const uses = names.map((name) => `  ${name}: *base`).join('\n');
  const { channels } = await loadConfig(await writeConfig(`x-base: &base { priority: 4 }\nchannels:\n${uses}\n`), {
    environment,
  });
  expect(Object.values(channels).map(({ priority }) => priority)).toEqual(names.map(() => 4));
});

test('of thousands of mistakes the first hundred are told, and how many more there are', async () => {
  const lines = Array.from({ length: 2_000 }, (_, index) => `  c${index}: { priority: 0 }`);
  const error = await loadConfig(await writeConfig(`channels:\n${lines.join('\n')}\n`), { environment }).catch(
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw error;
  expect([error.mistakes.length, error.more]).toEqual([100, 1_900]);
  const [head, ...told] = error.message.split('\n');
  expect(head).toBe('2,000 mistakes in the configuration:');
  expect(told).toHaveLength(101);
  expect(told[99]).toMatch(/:101:\d+ channels\.c99\.priority: /);
  expect(told[100]).toBe('… and 1,900 more');
});
