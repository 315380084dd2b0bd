import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAge, type LiveRow, liveColumns } from '../../../src/cli/channel-table.ts';
import { formatCount, formatMs, renderTable } from '../../../src/cli/table.ts';

const times = { count: 1, p50Ms: 0.02, p99Ms: 3.4 };
const row: LiveRow = {
  name: 'tick',
  state: 'isolating',
  received: 1_234_567,
  delivered: 1_234_000,
  deadLettered: 3,
  restarts: 0,
  queueing: times,
  processing: times,
  depth: 12,
  capacity: 1_000,
  perSecond: 171.4,
  sinceMs: 61_500,
  oldestAgeMs: 2_900,
  breaker: { state: 'closed', wouldBeOpen: false },
};
const plain = liveColumns((_color, text) => text);
const colored = liveColumns((color, text) => `<${color}>${text}</>`);

describe('table', () => {
  test('a wide terminal shows every column', () => {
    expect(renderTable(plain, [row], 160)).toEqual([
      'channel  state         depth   received  delivered  per s  since  oldest  wait p50  wait p99  call p50  call p99  dead  breaker  restarts',
      'tick     isolating  12/1,000  1,234,567  1,234,000    171    61s      2s      20µs     3.4ms      20µs     3.4ms     3  closed          0',
    ]);
  });

  test('80 columns keep what matters: state, depth, rate, the oldest message, dead letters', () => {
    expect(renderTable(plain, [row], 80)).toEqual([
      'channel  state         depth  delivered  per s  oldest  wait p99  dead',
      'tick     isolating  12/1,000  1,234,000    171      2s     3.4ms     3',
    ]);
  });

  test('no line is wider than the terminal, and name, state and delivered stay to the last', () => {
    fc.assert(
      fc.property(fc.integer({ min: 29, max: 200 }), (width) => {
        const lines = renderTable(plain, [row], width);
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
        expect(lines[0]).toMatch(/channel +state +.*delivered/);
      }),
    );
  });

  test('what should be zero and is not stands out, and colors do not move the columns', () => {
    const lines = renderTable(colored, [row], 120);
    expect(lines[1]).toContain('<red>   3</>');
    expect(lines.map((line) => line.replaceAll(/<[^>]*>/g, ''))).toEqual(renderTable(plain, [row], 120));
  });

  test.each<[string, Partial<LiveRow>, string]>([
    ['a breaker that is open', { breaker: { state: 'open', wouldBeOpen: true } }, '<red>open'],
    ['a breaker that tries', { breaker: { state: 'half-open', wouldBeOpen: false } }, '<yellow>half-open'],
    ['a breaker that only observes', { breaker: { state: 'closed', wouldBeOpen: true } }, '<yellow>would open'],
    ['a mailbox nearly full', { depth: 800 }, '<yellow>800/1,000'],
  ])('%s stands out', (_, facts, text) => {
    expect(renderTable(colored, [{ ...row, ...facts }], 160)[1]).toContain(text);
    expect(renderTable(colored, [row], 160)[1]).not.toContain(text);
  });

  test.each([
    ['red', ['failed', 'tripped']],
    ['yellow', ['retrying', 'isolating', 'probing', 'paused']],
    ['dim', ['idle', 'stopped']],
    ['green', ['flushing', 'warming']],
  ])('in %s a channel is shown that is %j', (color, states) => {
    for (const state of states)
      expect(renderTable(colored, [{ ...row, state }], 160)[1]).toMatch(new RegExp(`<${color}>${state} *</>`));
  });

  test.each([
    [0, '<1s'],
    [999, '<1s'],
    [1_999, '1s'],
    [119_999, '119s'],
    [120_000, '2min'],
    [7_199_999, '119min'],
    [7_200_000, '2h'],
    [172_800_000, '2d'],
  ])('an age of %d ms is written %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });

  test.each([
    [0, '<1µs'],
    [0.0123, '12µs'],
    [0.9996, '1.0ms'],
    [9.94, '9.9ms'],
    [9.96, '10ms'],
    [999.6, '1.0s'],
    [12_345, '12.3s'],
  ])('%d ms is written %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });

  test('a count is rounded and grouped', () => {
    expect(formatCount(1_234_567.6)).toBe('1,234,568');
  });
});
