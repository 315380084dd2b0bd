import { describe, expect, test } from 'vitest';
import { createReport, exitCodeOf, isAccountedFor, type ReplayReport, reportText } from '../../../src/cli/report.ts';
import { createTestRouter } from '../../../src/testing/index.ts';

test('messages are accounted for when each channel adds up, and all channels add up to what was received', () => {
  const none = { rejected: 0, deadLettered: 0, dropped: 0, conflated: 0, returned: 0, buffered: 0, inFlight: 0 };
  const channel = { ...none, received: 5, accepted: 5, delivered: 5 };
  expect(isAccountedFor(12, 2, [channel, channel])).toBe(true);
  expect([isAccountedFor(11, 2, [channel, channel]), isAccountedFor(12, 3, [channel, channel])]).toEqual([
    false,
    false,
  ]);
  expect(isAccountedFor(12, 2, [channel, { ...channel, delivered: 4 }])).toBe(false);
});

const report: ReplayReport = {
  received: 7,
  elapsedMs: 1_000,
  perSecond: 7,
  unroutable: 7,
  ignored: 0,
  malformed: 0,
  unreadable: [],
  channels: {},
  events: {},
  conserved: true,
};

describe('replay report', () => {
  test('a run that took no time has no rate', async () => {
    const metrics = (await createTestRouter({ sinks: { tick: {} } })).router.metrics();
    const run = { elapsedMs: 0, sent: 0, malformed: 0, unreadable: [], events: new Map() };
    expect(createReport(metrics, run)).toMatchObject({ perSecond: 0, conserved: true });
    expect(createReport({ ...metrics, received: 30 }, { ...run, elapsedMs: 500 }).perSecond).toBe(60);
  });

  test.each([
    [0, {}],
    [1, { malformed: 1 }],
    [1, { unreadable: ['x: ENOENT'] }],
    [1, { conserved: false }],
  ])('the exit code is %d with %j', (code, change) => {
    expect(exitCodeOf({ ...report, ...change })).toBe(code);
  });

  test('messages without a channel are said plainly and accounted for', () => {
    const text = reportText(report, 80, (_color, line) => line);
    expect(text).toContain('unroutable: 7, of a type no channel takes');
    expect(text).toContain('Every message is accounted for: 7 received = 7 unroutable.');
  });

  test('what could not be read is said, and that nothing came, but not that nothing is all there was', () => {
    const read = { malformed: 2, unreadable: ['a.gz: unexpected end of file'] };
    const paint = (_color: string, line: string) => line;
    expect(reportText({ ...report, ...read, received: 0, unroutable: 0 }, 80, paint).split('\n')).toEqual([
      'malformed lines, skipped: 2',
      'not read: a.gz: unexpected end of file',
      expect.stringMatching(/^No message was received. /),
      '',
    ]);
    const text = reportText({ ...report, ...read }, 80, paint);
    expect(text).toContain('\nmalformed lines, skipped: 2\nnot read: a.gz: unexpected end of file\nEvery message');
  });

  test('a message that is missing is said to be', () => {
    const text = reportText({ ...report, conserved: false }, 80, (_color, line) => line);
    expect(text).toContain('NOT every message is accounted for');
    const nowhere = reportText({ ...report, unroutable: 0, conserved: false }, 80, (_color, line) => line);
    expect(nowhere).toContain('NOT every message is accounted for: 7 received, but 0.');
  });
});
