import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createReport, exitCodeOf, isAccountedFor, type ReplayReport, reportText } from '../../../src/cli/report.ts';
import type { Ledger } from '../../../src/core/ledger.ts';
import { createTestRouter } from '../../../src/testing/index.ts';

const fates = ['delivered', 'deadLettered', 'dropped', 'conflated', 'returned', 'buffered', 'inFlight'] as const;

/** Ledger that add up. */
const counters: fc.Arbitrary<Ledger> = fc
  .tuple(
    fc.nat(1_000),
    fc.record(
      Object.fromEntries(fates.map((fate) => [fate, fc.nat(1_000)])) as Record<
        (typeof fates)[number],
        fc.Arbitrary<number>
      >,
    ),
  )
  .map(([rejected, ended]) => {
    const accepted = fates.reduce((sum, fate) => sum + ended[fate], 0);
    return { ...ended, rejected, accepted, received: accepted + rejected };
  });

function totalOf(channels: readonly Ledger[], unroutable: number): number {
  return channels.reduce((sum, { received }) => sum + received, unroutable);
}

describe('conservation', () => {
  test('counters that add up are conserved', () => {
    fc.assert(
      fc.property(fc.array(counters), fc.nat(), (channels, unroutable) => {
        expect(isAccountedFor(totalOf(channels, unroutable), unroutable, channels)).toBe(true);
      }),
    );
  });

  test('one message too many or too few in any one counter is seen', () => {
    const changes = fc.tuple(
      fc.constantFrom<keyof Ledger>('received', 'accepted', 'rejected', ...fates),
      fc.constantFrom(1, -1),
    );
    fc.assert(
      fc.property(counters, fc.nat(), changes, (channel, unroutable, [name, change]) => {
        const received = totalOf([channel], unroutable);
        expect(isAccountedFor(received, unroutable, [{ ...channel, [name]: channel[name] + change }])).toBe(false);
        expect(isAccountedFor(received, unroutable + change, [channel])).toBe(false);
        expect(isAccountedFor(received + change, unroutable, [channel])).toBe(false);
      }),
    );
  });
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
