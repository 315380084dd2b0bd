import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createRouter,
  type DataChannelRouter,
  loadConfig,
  ProcessingChannel,
  type RouterFacts,
} from '../../src/index.ts';
import { emptyDirectory } from '../support/empty-directory.ts';

class Bars extends ProcessingChannel<unknown> {
  override process(): void {}
}

let directory: string;
let file: string;
let router: DataChannelRouter;

beforeEach(async () => {
  directory = emptyDirectory();
  file = join(directory, 'channels.yaml');
  await writeFile(file, 'channels: { ohlcv: { batchSize: 5 } }\n');
  router = createRouter({ config: await loadConfig(file), channels: { ohlcv: () => new Bars() } });
  await router.start();
  router.watch(file);
});

afterEach(() => router.stop());

function next<Type extends 'config.applied' | 'config.rejected'>(type: Type): Promise<RouterFacts[Type]> {
  return new Promise((resolve) => {
    const listener = (fact: RouterFacts[Type]): void => {
      router.events.off(type, listener);
      resolve(fact);
    };
    router.events.on(type, listener);
  });
}

/**
 * Writes until it is noticed: a watcher needs a moment to see the directory, and no event tells when it does. Each text
 * differs, so that each write is one.
 */
async function write<Type extends 'config.applied' | 'config.rejected'>(
  text: string,
  type: Type,
): Promise<RouterFacts[Type]> {
  const noticed = next(type);
  for (let round = 0; ; round += 1) {
    await writeFile(file, `${text}# ${'.'.repeat(round)}\n`);
    const fact = await Promise.race([noticed, new Promise((resolve) => setTimeout(resolve, 500))]);
    if (fact !== undefined) return fact as RouterFacts[Type];
  }
}

it('Q4 a file that is written is put in force; one with mistakes is not, and says all of them', async () => {
  const { changes } = await write('channels: { ohlcv: { batchSize: 7 } }\n', 'config.applied');
  expect(changes).toMatchObject([
    { path: ['channels', 'ohlcv', 'batchSize'], before: 5, after: 7, reload: 'next-batch' },
  ]);
  expect(router.config.channels.ohlcv?.batchSize).toBe(7);

  const { error } = await write('channels: { ohlcv: { batchSize: 0, timeoutMs: soon } }\n', 'config.rejected');
  expect(String(error)).toMatch(/batchSize[\s\S]*timeoutMs/);
  expect(router.config.channels.ohlcv?.batchSize).toBe(7);
  expect(router.alerts).toMatchObject([{ alert: 'config-rejected' }]);

  await write('channels: { ohlcv: { batchSize: 9 } }\n', 'config.applied');
  expect(router.config.channels.ohlcv?.batchSize).toBe(9);
  expect(router.alerts).toEqual([]);
}, 20_000);

it('Q4 a file that an editor replaces by renaming another one onto it is noticed as well', async () => {
  await write('channels: { ohlcv: { batchSize: 7 } }\n', 'config.applied');
  const applied = next('config.applied');
  await writeFile(`${file}.new`, 'channels: { ohlcv: { batchSize: 11 } }\n');
  await rename(`${file}.new`, file);
  await applied;
  expect(router.config.channels.ohlcv?.batchSize).toBe(11);
}, 20_000);

it('a file that changed between loadConfig and watch is put in force', async () => {
  await router.stop();
  router = createRouter({ config: await loadConfig(file), channels: { ohlcv: Bars } });
  await router.start();
  await writeFile(file, 'channels: { ohlcv: { batchSize: 6 } }\n');
  const applied = next('config.applied');
  router.watch(file);
  await applied;
  expect(router.config.channels.ohlcv?.batchSize).toBe(6);
}, 20_000);

it('a file that is not there when its watch begins is told', async () => {
  const rejected = next('config.rejected');
  const unwatch = router.watch(`${file}.nowhere.yaml`);
  expect(String((await rejected).error)).toContain('no such file');
  await unwatch();
}, 20_000);

it('a deleted file is told, and one that is back ends the alert although it changes nothing', async () => {
  const rejected = next('config.rejected');
  await rm(file);
  expect(String((await rejected).error)).toContain('no such file');
  expect(router.alerts).toMatchObject([{ alert: 'config-rejected' }]);
  const applied = next('config.applied');
  await writeFile(file, 'channels: { ohlcv: { batchSize: 5 } }\n');
  expect((await applied).changes).toEqual([]);
  expect(router.alerts).toEqual([]);
}, 20_000);

it('Q4 one that is not YAML changes nothing either', async () => {
  const { error } = await write('channels: [: {\n', 'config.rejected');
  expect(String(error)).toContain('channels.yaml');
  expect(router.config.channels.ohlcv?.batchSize).toBe(5);
}, 20_000);

it('what code said wins over the file for ever, also over what it says of a channel that was added', async () => {
  router.add('fmv', Bars, { batchSize: 3 });
  await router.reconfigure(await loadConfig(file, { overrides: { channels: { ohlcv: { timeoutMs: 33 } } } }));
  const text = 'channels: { ohlcv: { batchSize: 7, timeoutMs: 44 }, fmv: { batchSize: 9, timeoutMs: 55 } }\n';
  await write(text, 'config.applied');
  const { ohlcv, fmv } = router.config.channels;
  expect([ohlcv?.batchSize, ohlcv?.timeoutMs, fmv?.batchSize, fmv?.timeoutMs]).toEqual([7, 33, 3, 55]);
  await write(text.replace('7', '8').replace('55', '66'), 'config.applied');
  const again = router.config.channels;
  expect([again.ohlcv?.batchSize, again.ohlcv?.timeoutMs]).toEqual([8, 33]);
  expect([again.fmv?.batchSize, again.fmv?.timeoutMs]).toEqual([3, 66]);
}, 20_000);

it('a file that leaves out a channel with messages is refused, unless that is asked for', async () => {
  await router.stop();
  const config = await loadConfigOf('channels: { ohlcv: {}, quotes: {} }\n');
  router = createRouter({ config, channels: { ohlcv: Bars, quotes: Bars } });
  await router.start();
  router.watch(file);
  router.pause('quotes');
  router.route({}, { dataType: 'quotes' });
  const { error } = await write('channels: { ohlcv: {} }\n', 'config.rejected');
  expect(String(error)).toMatch(/leaves out channels that have messages: quotes \(1 messages\)/);
  expect(router.channels.has('quotes')).toBe(true);
  const overrides = { channels: { ohlcv: { timeoutMs: 44 } } };
  router.watch(file, { removesBusy: true, overrides });
  // The watch keeps what it was given.
  overrides.channels.ohlcv.timeoutMs = -1;
  const { changes } = await write('channels: { ohlcv: { batchSize: 4 } }\n', 'config.applied');
  expect(changes).toContainEqual(expect.objectContaining({ path: ['channels', 'quotes'], messages: 1 }));
}, 20_000);

it('a file that is written slowly is read when it is at rest', async () => {
  await write('channels: { ohlcv: { batchSize: 7 } }\n', 'config.applied');
  const applied = next('config.applied');
  const pieces = ['channels:\n', '  ohlcv: { batchSize: 8 }\n', '  # and\n', '  # more\n'];
  for (let count = 1; count <= pieces.length; count += 1) {
    await writeFile(file, pieces.slice(0, count).join(''));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(router.config.channels.ohlcv?.batchSize).toBe(7);
  await applied;
  expect(router.config.channels.ohlcv?.batchSize).toBe(8);
}, 20_000);

async function loadConfigOf(text: string): ReturnType<typeof loadConfig> {
  const other = join(directory, 'other.yaml');
  await writeFile(other, text);
  return loadConfig(other);
}
