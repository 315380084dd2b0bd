import { EventEmitter } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { startLiveView } from '../../../src/cli/live-view.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { createTestRouter, hang, messages, type TestRouter } from '../../../src/testing/index.ts';

/** The live table of a router on a terminal: the facts of one channel as it shows them, by column. */
function watch(rig: TestRouter, env: Terminal['env'] = { NO_COLOR: '1' }) {
  const frames: string[] = [];
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 160, rows: 40 });
  stdout.on('data', (chunk) => frames.push(String(chunk)));
  const stderr = new PassThrough();
  const terminal = { stdin: Readable.from([]), stdout, stderr, env, signals: new EventEmitter(), exit: () => {} };
  const view = startLiveView(
    rig.router,
    { source: 'a', share: undefined, forMs: undefined },
    terminal,
    rig.clock,
    true,
  );
  const factsOf = (channel: string): Record<string, string> => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what moves the cursor is not seen
    const lines = (frames.at(-1) ?? '').replaceAll(/\x1b\[[?\d;]*[A-Za-z]/g, '').split('\n');
    const cells = (start: string) => lines.find((line) => line.startsWith(start))?.split(/ {2,}/) ?? [];
    const values = cells(`${channel} `);
    return Object.fromEntries(cells('channel ').map((title, index) => [title, values[index] ?? '']));
  };
  return { frames, view, factsOf };
}

it('a stuck channel shows since when, against which room, how old its oldest message is and what its breaker does', async () => {
  const rig = await createTestRouter({
    sinks: { tick: { batchSize: 2, capacity: 40, partitions: 3, processTimeoutMs: 60_000 } },
  });
  rig.sink('tick').otherwise = hang();
  const { view, factsOf } = watch(rig);
  rig.router.routeAll(messages('tick', 10));
  await rig.advance(5_000);
  // All have one symbol, so one of three mailboxes holds what waits; there is room in each.
  expect(factsOf('tick')).toMatchObject({
    state: 'flushing',
    depth: '8/120',
    since: '5s',
    oldest: '5s',
    breaker: 'closed',
  });
  rig.router.trip('tick');
  await rig.advance(400);
  expect(factsOf('tick')).toMatchObject({ state: 'tripped', since: '<1s', oldest: '5s', breaker: 'open' });
  view.stop();
});

it('a channel at rest has no oldest message, and one without a breaker shows none', async () => {
  const rig = await createTestRouter({ sinks: { tick: { breaker: false } } });
  const { view, factsOf } = watch(rig);
  await rig.advance(200_000);
  expect(factsOf('tick')).toMatchObject({ state: 'idle', since: '3min', oldest: '–', breaker: '–', 'wait p50': '–' });
  view.stop();
});

it('a terminal that cannot move its cursor gets no table', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const { view, frames } = watch(rig, { TERM: 'dumb' });
  await rig.advance(1_000);
  view.clear();
  view.stop();
  expect(frames).toEqual([]);
});
