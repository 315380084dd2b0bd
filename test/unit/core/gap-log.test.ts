import { expect, test } from 'vitest';
import { GapLog } from '../../../src/core/gap-log.ts';

test('losses of one key and reason become one gap, in the order of the first loss', () => {
  const log = new GapLog('fmv');
  log.add('drop-oldest', 'B', 3);
  log.add('drop-oldest', 'A', 4);
  log.add('drop-oldest', 'B', 7);
  log.add('conflated', 'B', 5);
  expect(log.take()).toEqual([
    { channel: 'fmv', key: 'B', from: 3, to: 7, count: 2, reason: 'drop-oldest' },
    { channel: 'fmv', key: 'A', from: 4, to: 4, count: 1, reason: 'drop-oldest' },
    { channel: 'fmv', key: 'B', from: 5, to: 5, count: 1, reason: 'conflated' },
  ]);
});

test('taking empties the log, and the next loss begins a new gap', () => {
  const log = new GapLog('fmv');
  log.add('conflated', 'A', 1);
  expect([log.isEmpty, log.take().length, log.isEmpty, log.take()]).toEqual([false, 1, true, []]);
  log.add('conflated', 'A', 2);
  expect(log.take()[0]).toMatchObject({ from: 2, to: 2, count: 1 });
});

test('a gap spans an older loss that came later', () => {
  const log = new GapLog('tick');
  log.add('drop-oldest', 'A', 9);
  log.add('drop-oldest', 'A', 2);
  expect(log.take()[0]).toMatchObject({ from: 2, to: 9, count: 2 });
});
