import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, type TestContext } from 'vitest';
import type { DataChannelRouter, RouterFacts } from '../../src/index.ts';
import { createRouter, loadConfig, ProcessingChannel } from '../../src/index.ts';
import { emptyDirectory } from '../support/empty-directory.ts';

class Bars extends ProcessingChannel<unknown> {
  override process(): void {}
}

/** A router and the file that it watches. The tests wait for the system, and so they do it side by side. */
class Watched {
  readonly file: string;
  router: DataChannelRouter;

  private constructor(file: string, router: DataChannelRouter) {
    this.file = file;
    this.router = router;
  }

  static async begin({ onTestFinished }: TestContext): Promise<Watched> {
    const file = join(emptyDirectory(onTestFinished), 'channels.yaml');
    await writeFile(file, 'channels: { ohlcv: { batchSize: 5 } }\n');
    const router = createRouter({ config: await loadConfig(file), channels: { ohlcv: () => new Bars() } });
    const watched = new Watched(file, router);
    onTestFinished(async () => void (await watched.router.stop()));
    await router.start();
    router.watch(file);
    return watched;
  }

  next<Type extends 'config.applied' | 'config.rejected'>(type: Type): Promise<RouterFacts[Type]> {
    const { events } = this.router;
    return new Promise((resolve) => {
      const listener = (fact: RouterFacts[Type]): void => {
        events.off(type, listener);
        resolve(fact);
      };
      events.on(type, listener);
    });
  }

  /**
   * Writes until it is noticed: a watcher needs a moment to see the directory, and no event tells when it does. Each text
   * differs, so that each write is one.
   */
  async write<Type extends 'config.applied' | 'config.rejected'>(text: string, type: Type): Promise<RouterFacts[Type]> {
    const noticed = this.next(type);
    for (let round = 0; ; round += 1) {
      await writeFile(this.file, `${text}# ${'.'.repeat(round)}\n`);
      const fact = await Promise.race([noticed, new Promise((resolve) => setTimeout(resolve, 500))]);
      if (fact !== undefined) return fact as RouterFacts[Type];
    }
  }
}

it.concurrent('Q4 a file that is written is put in force; one with mistakes is not, and says all of them', async (context) => {
  const watched = await Watched.begin(context);
  const { changes } = await watched.write('channels: { ohlcv: { batchSize: 7 } }\n', 'config.applied');
  expect(changes).toMatchObject([
    { path: ['channels', 'ohlcv', 'batchSize'], before: 5, after: 7, reload: 'next-batch' },
  ]);
  expect(watched.router.config.channels.ohlcv?.batchSize).toBe(7);

  const { error } = await watched.write('channels: { ohlcv: { batchSize: 0, timeoutMs: soon } }\n', 'config.rejected');
  expect(String(error)).toMatch(/batchSize[\s\S]*timeoutMs/);
  expect(watched.router.config.channels.ohlcv?.batchSize).toBe(7);
  expect(watched.router.alerts).toMatchObject([{ alert: 'config-rejected' }]);

  await watched.write('channels: { ohlcv: { batchSize: 9 } }\n', 'config.applied');
  expect(watched.router.config.channels.ohlcv?.batchSize).toBe(9);
  expect(watched.router.alerts).toEqual([]);
}, 20_000);

it.concurrent('Q4 a file that an editor replaces by renaming another one onto it is noticed as well', async (context) => {
  const watched = await Watched.begin(context);
  await watched.write('channels: { ohlcv: { batchSize: 7 } }\n', 'config.applied');
  const applied = watched.next('config.applied');
  await writeFile(`${watched.file}.new`, 'channels: { ohlcv: { batchSize: 11 } }\n');
  await rename(`${watched.file}.new`, watched.file);
  await applied;
  expect(watched.router.config.channels.ohlcv?.batchSize).toBe(11);
}, 20_000);

it.concurrent('a file that changed between loadConfig and watch is put in force', async (context) => {
  const watched = await Watched.begin(context);
  await watched.router.stop();
  watched.router = createRouter({ config: await loadConfig(watched.file), channels: { ohlcv: Bars } });
  await watched.router.start();
  await writeFile(watched.file, 'channels: { ohlcv: { batchSize: 6 } }\n');
  const applied = watched.next('config.applied');
  watched.router.watch(watched.file);
  await applied;
  expect(watched.router.config.channels.ohlcv?.batchSize).toBe(6);
}, 20_000);

it.concurrent('a file that is missing when its watch begins raises an alert', async (context) => {
  const watched = await Watched.begin(context);
  const rejected = watched.next('config.rejected');
  const unwatch = watched.router.watch(`${watched.file}.nowhere.yaml`);
  expect(String((await rejected).error)).toContain('no such file');
  await unwatch();
}, 20_000);

it.concurrent('a deleted file raises an alert, which ends when the file is back, although nothing has changed', async (context) => {
  const watched = await Watched.begin(context);
  const rejected = watched.next('config.rejected');
  await rm(watched.file);
  expect(String((await rejected).error)).toContain('no such file');
  expect(watched.router.alerts).toMatchObject([{ alert: 'config-rejected' }]);
  const applied = watched.next('config.applied');
  await writeFile(watched.file, 'channels: { ohlcv: { batchSize: 5 } }\n');
  expect((await applied).changes).toEqual([]);
  expect(watched.router.alerts).toEqual([]);
}, 20_000);

it.concurrent('Q4 one that is not YAML changes nothing either', async (context) => {
  const watched = await Watched.begin(context);
  const { error } = await watched.write('channels: [: {\n', 'config.rejected');
  expect(String(error)).toContain('channels.yaml');
  expect(watched.router.config.channels.ohlcv?.batchSize).toBe(5);
}, 20_000);

it.concurrent('what code said wins over the file for ever, also over what it says of a channel that was added', async (context) => {
  const watched = await Watched.begin(context);
  watched.router.add('fmv', Bars, { batchSize: 3 });
  await watched.router.reconfigure(
    await loadConfig(watched.file, { overrides: { channels: { ohlcv: { timeoutMs: 33 } } } }),
  );
  const text = 'channels: { ohlcv: { batchSize: 7, timeoutMs: 44 }, fmv: { batchSize: 9, timeoutMs: 55 } }\n';
  await watched.write(text, 'config.applied');
  const { ohlcv, fmv } = watched.router.config.channels;
  expect([ohlcv?.batchSize, ohlcv?.timeoutMs, fmv?.batchSize, fmv?.timeoutMs]).toEqual([7, 33, 3, 55]);
  await watched.write(text.replace('7', '8').replace('55', '66'), 'config.applied');
  const again = watched.router.config.channels;
  expect([again.ohlcv?.batchSize, again.ohlcv?.timeoutMs]).toEqual([8, 33]);
  expect([again.fmv?.batchSize, again.fmv?.timeoutMs]).toEqual([3, 66]);
}, 20_000);

it.concurrent('a file that leaves out a channel with messages is refused, unless that is asked for', async (context) => {
  const watched = await Watched.begin(context);
  await watched.router.stop();
  const config = await loadConfigOf(`${watched.file}.other.yaml`, 'channels: { ohlcv: {}, quotes: {} }\n');
  watched.router = createRouter({ config, channels: { ohlcv: Bars, quotes: Bars } });
  await watched.router.start();
  watched.router.watch(watched.file);
  watched.router.pause('quotes');
  watched.router.route({}, { dataType: 'quotes' });
  const { error } = await watched.write('channels: { ohlcv: {} }\n', 'config.rejected');
  expect(String(error)).toMatch(/leaves out channels that have messages: quotes \(1 messages\)/);
  expect(watched.router.channels.has('quotes')).toBe(true);
  const overrides = { channels: { ohlcv: { timeoutMs: 44 } } };
  watched.router.watch(watched.file, { removesBusy: true, overrides });
  // The watch keeps what it was given.
  overrides.channels.ohlcv.timeoutMs = -1;
  const { changes } = await watched.write('channels: { ohlcv: { batchSize: 4 } }\n', 'config.applied');
  expect(changes).toContainEqual(expect.objectContaining({ path: ['channels', 'quotes'], messages: 1 }));
}, 20_000);

it.concurrent('a file that is written slowly is read when it is at rest', async (context) => {
  const watched = await Watched.begin(context);
  await watched.write('channels: { ohlcv: { batchSize: 7 } }\n', 'config.applied');
  const applied = watched.next('config.applied');
  const pieces = ['channels:\n', '  ohlcv: { batchSize: 8 }\n', '  # and\n', '  # more\n'];
  for (let count = 1; count <= pieces.length; count += 1) {
    await writeFile(watched.file, pieces.slice(0, count).join(''));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(watched.router.config.channels.ohlcv?.batchSize).toBe(7);
  await applied;
  expect(watched.router.config.channels.ohlcv?.batchSize).toBe(8);
}, 20_000);

/** What a file with this text says. */
async function loadConfigOf(file: string, text: string): ReturnType<typeof loadConfig> {
  await writeFile(file, text);
  return loadConfig(file);
}
