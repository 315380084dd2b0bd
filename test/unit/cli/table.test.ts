import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LiveRow, liveColumns } from '../../../src/cli/channel-table.ts';
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
};
const plain = liveColumns((_colour, text) => text);

describe('table', () => {
  test('a wide terminal shows every column', () => {
    expect(renderTable(plain, [row], 120)).toEqual([
      'channel  state         depth   received  delivered  per s  wait p50  wait p99  dead  restarts',
      'tick     isolating  12/1,000  1,234,567  1,234,000    171      20µs     3.4ms     3         0',
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

  test('what should be zero and is not stands out, and colours do not move the columns', () => {
    const coloured = renderTable(
      liveColumns((colour, text) => `<${colour}>${text}</>`),
      [row],
      120,
    );
    expect(coloured[1]).toContain('<red>   3</>');
    expect(coloured.map((line) => line.replaceAll(/<[^>]*>/g, ''))).toEqual(renderTable(plain, [row], 120));
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
