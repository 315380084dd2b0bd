import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createRouter,
  type DataChannelRouter,
  loadConfig,
  ProcessingChannel,
  type RouterFacts,
} from '../../src/index.ts';

class Bars extends ProcessingChannel<unknown> {
  override process(): void {}
}

let directory: string;
let file: string;
let router: DataChannelRouter;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-watch-'));
  file = join(directory, 'channels.yaml');
  await writeFile(file, 'channels: { ohlcv: { batchSize: 5 } }\n');
  router = createRouter({ config: await loadConfig(file), channels: { ohlcv: () => new Bars() } });
  await router.start();
  router.watch(file);
});

afterEach(async () => {
  await router.stop();
  await rm(directory, { recursive: true, force: true });
});

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
