import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { type FeedOptions, feed, type Progress } from '../../../src/cli/feed.ts';
import { Problems } from '../../../src/cli/problems.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { emptyDirectory } from '../../support/empty-directory.ts';

const START_MS = 1_735_828_200_000;
const trade = (n: number, ms = 0) => JSON.stringify({ ev: 'T', sym: 'A', p: n, t: START_MS + ms });

function world(options: Partial<FeedOptions>) {
  const controller = new AbortController();
  const clock = createSimulatedClock();
  const lines: string[] = [];
  const problems = new Problems((line) => lines.push(line));
  const progress: Progress = { source: '', share: undefined, forMs: undefined };
  const stdin = Readable.from(['not json\n']);
  const context = { stdin, problems, progress, clock, signal: controller.signal };
  const all = { files: [], speed: Number.POSITIVE_INFINITY, seed: 1, limit: Number.POSITIVE_INFINITY, ...options };
  return { messages: feed(all, context), controller, clock, lines, problems, progress };
}

function file(...lines: readonly string[]): string {
  const path = join(emptyDirectory(), 'trades.ndjson');
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

it('a feed that is stopped between two batches hands on no other, opens no other file and complains of nothing', async () => {
  const [first, second] = [file(trade(1)), file(trade(2))];
  const { messages, controller, problems, lines } = world({ files: [first, second] });
  expect((await messages.next()).value).toMatchObject([{ p: 1 }]);
  controller.abort();
  expect(await messages.next()).toEqual({ done: true, value: undefined });
  expect([problems.unreadable, lines]).toEqual([[], []]);
});

it('a generated market ends with its signal, at the next turn of the event loop', async () => {
  const { messages, controller, clock } = world({ speed: Number.POSITIVE_INFINITY });
  await messages.next();
  const next = messages.next();
  controller.abort();
  await clock.settle();
  expect(await next).toEqual({ done: true, value: undefined });
});

it('a feed at the speed of its messages hands each on when it is due', async () => {
  const { messages, clock } = world({ files: [file(trade(1), trade(2, 3_000))], speed: 2 });
  expect((await messages.next()).value).toMatchObject([{ p: 1 }]);
  let second: unknown;
  const next = messages.next().then(({ value }) => {
    second = value;
  });
  await clock.advance(1_499);
  expect(second).toBeUndefined();
  await clock.advance(1);
  await next;
  expect([second, clock.now()]).toEqual([[expect.objectContaining({ p: 2 })], 1_500]);
});

it('the limit holds across files, and the last batch is cut to it', async () => {
  const { messages } = world({ files: [file(trade(1), trade(2)), file(trade(3), trade(4)), file(trade(5))], limit: 3 });
  const all: unknown[] = [];
  for await (const batch of messages) all.push(...batch);
  expect(all).toMatchObject([{ p: 1 }, { p: 2 }, { p: 3 }]);
});

it('says where it reads and how far it has come: of a file the share, of standard input and a market nothing', async () => {
  const path = file(trade(1));
  const { messages, progress, lines } = world({ files: [path, '-'] });
  await messages.next();
  expect(progress).toMatchObject({ source: path, share: 1 });
  for await (const _batch of messages);
  expect(progress).toMatchObject({ source: 'standard input', share: undefined });
  expect(lines).toEqual([expect.stringMatching(/^-:1: not JSON/)]);
  const market = world({ limit: 1, seed: 7 });
  await market.messages.next();
  expect(market.progress).toMatchObject({ source: 'generated market, seed 7', share: undefined });
});
