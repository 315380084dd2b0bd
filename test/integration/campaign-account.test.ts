import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { failovers, idleSpans, judge, parseLine } from '../cluster/account.ts';
import { SinkFiles } from '../cluster/sink-files.ts';
import { emptyDirectory } from '../support/empty-directory.ts';

/** Partition 0 has messages 1 to 6, of which no sink takes the fourth. */
const published = { ends: [6], bad: new Set(['0/4']) };
const judged = (lines: readonly (readonly [worker: string, line: string])[], letters = ['0/4']) =>
  judge([lines.map(([worker, line]) => parseLine(worker, line))], published, letters, 4);

it('a failover that repeats what was not committed is in order', () => {
  const { mistakes, again, rewinds } = judged([
    ['a', '10 0 1 1 2 1-3'],
    ['b', '20 0 2 2 3 3-3,5-6'],
  ]);
  expect([mistakes, again, rewinds]).toEqual([[], 1, [1]]);
});

it('a message in which a process seemed to die may be in a sink, or only a dead letter', () => {
  const lines = [parseLine('a', '1 0 1 1 2 1-3,6-6')];
  const crashed = new Set(['0/3', '0/5']);
  expect(judge([lines], { ...published, crashed }, ['0/4'], 4).mistakes).toEqual([]);
});

it.each([
  ['a message that nobody wrote', [['a', '1 0 1 1 2 1-3']], undefined, '5 of 6 is missing'],
  ['a hole within a fence', [['a', '1 0 1 1 2 1-2,5-6']], undefined, '5 came after 2 by fence 1'],
  ['a message written twice by one fence', [['a', '1 0 1 1 2 1-3,3-3']], undefined, '3 came after 3 by fence 1'],
  [
    'two owners with one fence',
    [
      ['a', '1 0 1 1 2 1-3'],
      ['b', '1 0 1 3 3 5-6'],
    ],
    undefined,
    'a and b both have fence 1',
  ],
  [
    'more again than the window allows',
    [
      ['a', '1 0 1 1 9 1-3'],
      ['b', '2 0 2 1 2 1-3,5-6'],
    ],
    undefined,
    'fence 2 begins at frame 1, after 9',
  ],
  ['a bad message that was written', [['a', '1 0 1 1 2 1-6']], undefined, '4 was written, and is bad'],
  ['a bad message without a letter', [['a', '1 0 1 1 2 1-3,5-6']], [], '0/4 is refused by every sink'],
  ['a letter of a good message', [['a', '1 0 1 1 2 1-3,5-6']], ['0/4', '0/5'], '0/5 is a dead letter'],
] as const)('the account finds %s', (_, lines, letters, mistake) => {
  expect(judged(lines, letters === undefined ? undefined : [...letters]).mistakes.join('\n')).toContain(mistake);
});

it('a failover lasts from a death until somebody writes again; time without writing is not served unless it is excused', () => {
  const written = [
    ['a 1000 0 1 1 1 1-1', 'b 5000 0 2 2 2 2-2'].map((text) => parseLine(text.slice(0, 1), text.slice(2))),
  ];
  expect(failovers(written, 'a', 1_500)).toEqual([3_500]);
  expect(failovers(written, 'b', 1_500)).toEqual([]);
  const paused = ['1000 0 1 1 1 1-1', '1510 0 1 1 1 2-2', '5800 0 1 1 1 3-3'].map((text) => parseLine('a', text));
  expect(failovers([[...paused, parseLine('b', '9000 0 2 2 2 4-4')]], 'a', 1_500)).toEqual([4_300]);
  const measured = { from: 1_000, to: 6_500 };
  const idle = [
    { from: 1_000, to: 5_000 },
    { from: 5_000, to: 6_500 },
  ];
  expect(idleSpans(written, measured, [])).toEqual([idle]);
  expect(idleSpans(written, measured, [{ from: 900, to: 4_900 }])).toEqual([idle.slice(1)]);
});

const lines = fc.array(
  fc.record({
    worker: fc.constantFrom('a', 'b'),
    afterMs: fc.nat(1_500),
    fence: fc.integer({ min: 1, max: 2 }),
    frame: fc.integer({ min: 1, max: 4 }),
    from: fc.integer({ min: 1, max: 6 }),
    more: fc.nat(2),
  }),
  { maxLength: 12 },
);

it('files that are read in parts, their lines joined, are judged as their lines are', () => {
  fc.assert(
    fc.property(lines, fc.nat(20), (these, cut) => {
      const directory = emptyDirectory();
      const sinks = new SinkFiles(directory, 1);
      let at = 1_000;
      const texts = these.map(({ worker, afterMs, fence, frame, from, more }) => {
        at += afterMs;
        return [`${worker}.log`, `${at} 0 ${fence} ${frame} ${frame} ${from}-${from + more}`] as const;
      });
      for (const [name, text] of texts) {
        appendFileSync(join(directory, name), `${text}\n`.slice(0, cut));
        sinks.read();
        appendFileSync(join(directory, name), `${text}\n`.slice(cut));
      }
      // Each worker's lines are in one file.
      const whole = [texts.filter(([name]) => name === 'a.log'), texts.filter(([name]) => name === 'b.log')];
      const written = [whole.flat().map(([name, text]) => parseLine(name, text))];
      const joined = [sinks.read()[0]?.toSorted((one, other) => one.worker.localeCompare(other.worker)) ?? []];
      const measured = { from: 0, to: at + 1_000 };
      const [ofJoined, ofLines] = [joined, written].map((each) => judge(each, published, ['0/4'], 4));
      // Two owners are told once for what is joined.
      const kinds = (judged = ofLines) => ({ ...judged, mistakes: [...new Set(judged?.mistakes)] });
      expect(kinds(ofJoined)).toEqual(kinds(ofLines));
      expect(idleSpans(joined, measured, [])).toEqual(idleSpans(written, measured, []));
    }),
  );
});
