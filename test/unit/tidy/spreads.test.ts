import { expect, it } from 'vitest';
import { filesIn, textOf } from '../../support/project-files.ts';

/** A list that is spread into the arguments of a call: beyond some 120,000 elements it overflows the stack. */
const SPREAD_CALL = /[\w\])]\((?:[^()[\]{}]*, ?)?\.\.\.|\.apply\([^(),]+,/;
/** Declares what it is given. */
const DECLARATION = /\b(?:constructor|function)\b/;

/** Lists that are bounded, and by what. */
const bounded: readonly (readonly [path: string, call: string, by: string])[] = [
  ['src/channel/hand-over.ts', 'Math.max(...from.map(', 'the partitions of a channel'],
  ['src/router/fan-out.ts', 'Math.min(...configs.map(', 'the channels of a data type'],
  ['src/core/overflow.ts', 'this.place(...entry)', 'the five parts of an entry'],
  ['src/core/contained.ts', 'shallow(...args)', 'the arguments of one call'],
  ['src/core/contained.ts', 'call(...args)', 'the arguments of one call'],
  ['src/report/explain.ts', 'Math.min(...views.map(', 'the partitions of a channel'],
  ['src/report/source-metrics.ts', 'Math.min(...partitions.map(', 'the partitions of a source'],
  ['src/report/metrics.ts', 'read(...reasons', 'the reasons there are'],
  ['src/inspector/thread-watch.ts', '...this.#open.values())', 'the questions that are open'],
];

/** The page runs in a browser, on what a bounded stream sent. The command prints tables, and ends. */
const elsewhere = /^src\/(inspector\/page|cli|testing)\//;

function spreadsIn(path: string): readonly string[] {
  return textOf(path)
    .split('\n')
    .filter((line) => SPREAD_CALL.test(line) && !DECLARATION.test(line))
    .filter((line) => !bounded.some(([file, known]) => file === path && line.includes(known)));
}

const paths = filesIn('src').filter((path) => path.endsWith('.ts') && !elsewhere.test(path));

it('R5.1 no unbounded list is spread into the arguments of a call', () => {
  expect(paths.length).toBeGreaterThan(90);
  expect(paths.flatMap((path) => spreadsIn(path).map((line) => `${path}: ${line}`))).toEqual([]);
});

it.each(bounded)('%s still has %s, which is bounded by %s', (path, call) => {
  expect(textOf(path)).toContain(call);
});

it.each([
  ['all.push(...messages)', true],
  ['this.batches.splice(0, 0, ...restored);', true],
  ['Math.max(...times)', true],
  ['push.apply(all, messages)', true],
  ['return [...all, ...more];', false],
  ['make({ ...options })', false],
  ['definitions.apply(config);', false],
])('%s: %s', (line, isFound) => {
  expect(SPREAD_CALL.test(line)).toBe(isFound);
});
