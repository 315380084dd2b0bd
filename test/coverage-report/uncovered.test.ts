import { describe, expect, it } from 'vitest';
import { type FileCoverage, judge, listing, uncoveredIn } from './uncovered.ts';

const source = ['const a = 1;', 'if (a) b();', '  return c ?? d;', 'e();'].join('\n');
const at = (line: number) => ({ start: { line } });

const file: FileCoverage = {
  path: '/x/src/a.ts',
  statementMap: { 0: at(1), 1: at(2), 2: at(3), 3: at(4) },
  s: { 0: 1, 1: 1, 2: 5, 3: 0 },
  branchMap: {
    0: { loc: at(2), locations: [at(2), { start: { line: undefined } }] },
    1: { loc: at(3), locations: [at(3), at(3)] },
  },
  b: { 0: [1, 0], 1: [5, 0] },
};

const uncovered = uncoveredIn(file, 'src/a.ts', source);

describe('a line is not covered', () => {
  it('when it was not run, or not in every way, an `else` that nobody wrote among them', () => {
    expect(uncovered).toEqual([
      { path: 'src/a.ts', line: 2, text: 'if (a) b();', isBranch: true },
      { path: 'src/a.ts', line: 3, text: 'return c ?? d;', isBranch: true },
      { path: 'src/a.ts', line: 4, text: 'e();', isBranch: false },
    ]);
    const all = { ...file, s: { 0: 1, 1: 1, 2: 1, 3: 1 }, b: { 0: [1, 1], 1: [1, 1] } };
    expect(uncoveredIn(all, 'src/a.ts', source)).toEqual([]);
  });
});

describe('a reason', () => {
  const because = 'It cannot happen.';

  it('holds for the lines of its file that contain its words', () => {
    const { explained, unexplained, outdated } = judge(uncovered, [{ because, places: ['src/a.ts: ?? d'] }]);
    expect(explained).toEqual([{ ...uncovered[1], because }]);
    expect(unexplained).toEqual([uncovered[0], uncovered[2]]);
    expect(outdated).toEqual([]);
  });

  it('holds for a whole file that it names alone', () => {
    const { explained, unexplained } = judge(uncovered, [{ because, places: ['src/a.ts'] }]);
    expect([explained.length, unexplained]).toEqual([3, []]);
    expect(judge(uncovered, [{ because, places: ['src/a'] }]).outdated).toEqual(['src/a']);
  });

  it.each(['src/b.ts: ?? d', 'src/a.ts: const a', 'src/a.ts: gone()'])(
    'that names nothing uncovered is outdated: %s',
    (place) => {
      expect(judge(uncovered, [{ because, places: [place] }]).outdated).toEqual([place]);
      expect(judge(uncovered, [{ because, places: [place], isSometimesCovered: true }]).outdated).toEqual([]);
    },
  );

  it('is printed with its lines, and what has none is named last', () => {
    expect(listing(judge(uncovered, [{ because, places: ['src/a.ts: (a)', 'src/a.ts: ?? d', 'src/a.ts: no'] }]))).toBe(
      [
        'It cannot happen. (2)',
        '  src/a.ts:2 one way of: if (a) b();',
        '  src/a.ts:3 one way of: return c ?? d;',
        '',
        'NOT covered, and no reason given (test/coverage-report/reasons.ts):',
        '  src/a.ts:4 e();',
        '',
        'Covered or gone, though a reason is given why not (test/coverage-report/reasons.ts):',
        '  src/a.ts: no',
      ].join('\n'),
    );
  });
});
