import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Progress } from '../../../src/cli/feed.ts';
import { startLiveView } from '../../../src/cli/live-view.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import type { RouterConfigInput } from '../../../src/index.ts';
import { createTestRouter, hang, messages } from '../../../src/testing/index.ts';
import { terminalWith } from '../../support/run-command.ts';

function terminal(columns: number, isTTY = true, env: Terminal['env'] = { NO_COLOR: '1' }) {
  const frames: string[] = [];
  const stdout = Object.assign(new PassThrough(), { isTTY, columns, rows: 40 });
  stdout.on('data', (chunk) => frames.push(String(chunk)));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what moves the cursor is not seen
  const shown = () => (frames.at(-1) ?? '').replaceAll(/\x1b\[[?\d;]*[A-Za-z]/g, '');
  return { world: terminalWith({ stdout, env }), frames, shown };
}

async function view(
  columns: number,
  progress: Progress,
  sinks: RouterConfigInput['channels'] = { tick: {}, ohlcv: { batchSize: 10, capacity: 50 } },
) {
  const rig = await createTestRouter({ sinks });
  const screen = terminal(columns);
  const live = startLiveView(rig.router, progress, screen.world, rig.clock, true);
  /** What the table shows of one channel, by column. */
  const factsOf = (channel: string): Record<string, string> => {
    const lines = screen.shown().split('\n');
    const cells = (start: string) => lines.find((line) => line.startsWith(start))?.split(/ {2,}/) ?? [];
    const values = cells(`${channel} `);
    return Object.fromEntries(cells('channel ').map((title, index) => [title, values[index] ?? '']));
  };
  return { rig, live, factsOf, ...screen };
}

const progress = (source: string): Progress => ({ source, share: undefined, forMs: undefined });

describe('the live table', () => {
  it('shows each channel, five times a second, with the rate of the last second', async () => {
    const { rig, live, frames, shown } = await view(120, progress('trades.ndjson'));
    rig.router.routeAll(messages('tick', 100));
    await rig.advance(1_000);
    expect(frames.length).toBe(5);
    expect(shown()).toMatch(/^100 messages in 1\.0s · trades\.ndjson\n/);
    expect(shown()).toMatch(/\ntick +idle +0\/1,000 +100 +100 +100 /);
    expect(shown()).toMatch(/\nohlcv +idle +0\/50 +0 +0 +0 /);
    // Those hundred are more than a second ago.
    await rig.advance(1_000);
    expect(shown()).toMatch(/\ntick +idle +0\/1,000 +100 +100 +0 /);
    live.stop();
  });

  it('tells how much of the time and of the file is over', async () => {
    const { rig, live, shown } = await view(120, { source: 'a.gz', share: 0.254, forMs: 10_000 });
    await rig.advance(200);
    expect(shown()).toMatch(/^0 messages in 200ms of 10\.0s, 25% read · a\.gz\n/);
    live.stop();
  });

  it.each([
    [60, '0 messages in 200ms · …some/directory/trades-20240808.ndjson'],
    [40, '0 messages in 200ms · …s-20240808.ndjson'],
    [30, '0 messages in 200ms'],
    [12, '0 messages i'],
  ])('at %i columns shows of a long path its end, or none, and is no wider', async (columns, head) => {
    const { rig, live, shown } = await view(
      columns,
      progress('/a/long/way/down/to/some/directory/trades-20240808.ndjson'),
    );
    await rig.advance(200);
    const lines = shown().split('\n');
    expect(lines[0]).toBe(head);
    expect(head.length).toBeLessThanOrEqual(columns);
    live.stop();
  });

  it('makes room for a line, comes back with the next frame, and leaves nothing when it stops', async () => {
    const { rig, live, frames, shown } = await view(120, progress('a'));
    await rig.advance(200);
    live.clear();
    expect(shown().trim()).toBe('');
    await rig.advance(200);
    expect(shown()).toContain('tick');
    live.stop();
    expect(shown().trim()).toBe('');
    const drawn = frames.length;
    await rig.advance(10_000);
    expect(frames.length).toBe(drawn);
    await rig.stop();
    expect(rig.clock.pending).toBe(0);
  });

  it.each([
    ['nobody looks', false, true, {}],
    ['it is not wanted', true, false, {}],
    ['the terminal cannot move its cursor', true, true, { TERM: 'dumb' }],
  ])('is not drawn when %s', async (_, isTTY, isWanted, env) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const { world, frames } = terminal(80, isTTY, env);
    const live = startLiveView(rig.router, progress('a'), world, rig.clock, isWanted);
    await rig.advance(1_000);
    live.clear();
    live.stop();
    expect(frames).toEqual([]);
  });
});

it('a stuck channel shows since when, against which room, how old its oldest message is and what its breaker does', async () => {
  const tick = { batchSize: 2, capacity: 40, partitions: 3, processTimeoutMs: 60_000 };
  const { rig, live, factsOf } = await view(160, progress('a'), { tick });
  rig.sink('tick').otherwise = hang();
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
  live.stop();
});

it('a channel at rest has no oldest message, and one without a breaker shows none', async () => {
  const { rig, live, factsOf } = await view(160, progress('a'), { tick: { breaker: false } });
  await rig.advance(200_000);
  expect(factsOf('tick')).toMatchObject({ state: 'idle', since: '3min', oldest: '–', breaker: '–', 'wait p50': '–' });
  live.stop();
});
