import { expect, test } from 'vitest';
import { messageTimeMs } from '../../../src/cli/message-time.ts';

const START_MS = 1_723_161_255_000;
const ISO = '2024-08-08T23:54:15';

test.each([
  ['milliseconds', { t: START_MS }, START_MS],
  ['microseconds', { t: START_MS * 1e3 }, START_MS],
  ['nanoseconds', { t: START_MS * 1e6 }, START_MS],
  ['seconds', { t: START_MS / 1e3 }, START_MS],
  ['seconds with a fraction', { timestamp: START_MS / 1e3 + 0.5 }, START_MS + 500],
  ['the end of a bar', { s: START_MS, e: START_MS + 1_000 }, START_MS + 1_000],
  ['`time`', { time: START_MS }, START_MS],
  ['`timestamp`', { timestamp: START_MS * 1e3 }, START_MS],
  ['digits in a text', { ts: `${START_MS}` }, START_MS],
  ['an ISO text', { time: `${ISO}.123456Z` }, START_MS + 123],
  ['an ISO text with a zone', { time: '2024-08-09T01:54:15+02:00' }, START_MS],
  ['an ISO text without a zone, which is UTC', { time: ISO }, START_MS],
  ['an ISO text with a space', { time: '2024-08-08 23:54:15' }, START_MS],
  ['a date', { time: '2024-08-08' }, Date.UTC(2024, 7, 8)],
  ['the event of Binance, whose `t` is the number of a trade', { e: 'trade', E: START_MS, t: 3_700_000_000 }, START_MS],
  ['the next field, when the first has none', { t: 'now', time: START_MS }, START_MS],
  ['no time at all', { t: 'now' }, undefined],
  ['no date', { time: '2024-99-99T00:00:00' }, undefined],
  ['a time before any market was recorded', { t: 12 }, undefined],
  ['null', null, undefined],
])('the time of a message is read from %s', (_name, message, expected) => {
  expect(messageTimeMs(message)).toBe(expected);
});
