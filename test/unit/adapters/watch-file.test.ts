import { EventEmitter } from 'node:events';
import type { FSWatcher } from 'node:fs';
import { mkdir, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LOOK_MS, type OpenWatch, watchFile } from '../../../src/adapters/watch-file.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { emptyDirectory } from '../../support/empty-directory.ts';

const simulated = createSimulatedClock();
/** How often a look was planned: each look plans the next one when the disk has answered. */
let planned = 0;
const clock = {
  ...simulated,
  setTimeout(callback: () => void, ms: number): unknown {
    planned += 1;
    return simulated.setTimeout(callback, ms);
  },
};
let directory: string;
let file: string;
let changes: number;
let errors: unknown[];
let end: () => void;

beforeEach(async () => {
  directory = emptyDirectory();
  file = join(directory, 'channels.yaml');
  await writeFile(file, 'first');
});
afterEach(() => end());

/** The system tells of nothing, so that only looking finds a change. */
const deaf: OpenWatch = () => {
  throw Object.assign(new Error('all watches are used up'), { code: 'ENOSPC' });
};

/** A watch that has told of the file as it was when it began. */
async function watch(path: string, open: OpenWatch = deaf): Promise<void> {
  errors = [];
  const changed = (): void => {
    changes += 1;
  };
  end = watchFile(path, clock, { changed, untold: (error) => errors.push(error) }, open);
  await look(1, 1);
  await look(1, 300);
  changes = 0;
}

/** Time for some looks; each waits for the disk. */
async function look(times = 3, ms = LOOK_MS): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    const before = planned;
    await simulated.advance(ms);
    while (planned === before) await new Promise((resolve) => setImmediate(resolve));
  }
}

it('a watch that the system refuses is said once, and changes are found by looking', async () => {
  await watch(file);
  await writeFile(file, 'second');
  await look();
  expect([changes, errors.map(String)]).toEqual([1, ['Error: all watches are used up']]);
  await look();
  expect(changes).toBe(1);
});

it('a watch that fails later is said once and closed, and changes are found by looking', async () => {
  let closed = 0;
  const close = (): void => {
    closed += 1;
  };
  const watcher = Object.assign(new EventEmitter(), { close }) as unknown as FSWatcher;
  await watch(file, () => watcher);
  watcher.emit('error', new Error('no more'));
  watcher.emit('error', new Error('no more'));
  await writeFile(file, 'second');
  await look();
  expect([changes, errors.length, closed > 0]).toEqual([1, 1, true]);
});

it('a link that leads elsewhere, far up the path, is a change', async () => {
  for (const release of ['1', '2']) {
    await mkdir(join(directory, release));
    await writeFile(join(directory, release, 'channels.yaml'), release);
  }
  await symlink('1', join(directory, 'current'));
  await watch(join(directory, 'current', 'channels.yaml'));
  await look();
  expect(changes).toBe(0);
  await symlink('2', join(directory, 'next'));
  await rename(join(directory, 'next'), join(directory, 'current'));
  await look();
  expect(changes).toBe(1);
});

it.each(['that is there', 'that is missing'])('a watch that begins reports a file %s once', async (which) => {
  if (which === 'that is missing') await unlink(file);
  const told: string[] = [];
  end = watchFile(file, clock, { changed: () => void told.push(which), untold() {} }, deaf);
  await look();
  expect(told).toEqual([which]);
});

it('a deleted file is one change, and so is one that comes back', async () => {
  await watch(file);
  await unlink(file);
  await look();
  expect(changes).toBe(1);
  await writeFile(file, 'again');
  await look();
  expect(changes).toBe(2);
});

it('a file is not read before it is at rest', async () => {
  await watch(file);
  await writeFile(file, 'half');
  await look(1);
  expect(changes).toBe(0);
  await writeFile(file, 'half and more');
  await look(1, 300);
  expect(changes).toBe(0);
  await look(1, 300);
  expect(changes).toBe(1);
});

it('what the system tells of the file is looked at sooner', async () => {
  let heard: (event: string, name: string | null) => void = () => {};
  const watcher = Object.assign(new EventEmitter(), { close() {} }) as unknown as FSWatcher;
  await watch(file, (_, listener) => {
    heard = listener;
    return watcher;
  });
  await writeFile(file, 'second');
  heard('change', 'another.yaml');
  heard('change', 'channels.yaml');
  await look(2, 300);
  expect(changes).toBe(1);
});
