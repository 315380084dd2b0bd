import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { filesIn, projectRoot, textOf } from '../../support/project-files.ts';

/** The numbers of the requirements, written out because their text is not part of a checkout. */
const firstList = ['R1', 'R2', 'R3', 'R4', 'R5', 'R6'].flatMap((group) => [1, 2, 3, 4].map((n) => `${group}.${n}`));
/** How many each group beyond the first list has. */
const later = { R7: 7, R8: 5, R9: 5, R10: 6, R11: 3 };
const beyond = Object.entries(later).flatMap(([group, count]) =>
  Array.from({ length: count }, (_, index) => `${group}.${index + 1}`),
);
const features = [...firstList, ...beyond];
const qualities = ['N1', 'N2', 'N3', 'N4', 'S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'T1', 'T2', 'T3'];
const shape = ['I', 'Q1', 'Q2', 'Q3', 'Q4', 'Q5', 'C1', 'C2', 'C3', 'C4'];
const numbers = [...features, ...qualities, ...shape];

interface Row {
  readonly number: string;
  readonly code: readonly string[];
  readonly tests: readonly string[];
}

/** Rows `| R1.1 | code | tests |`: the paths stand in code marks, and words may stand beside them. */
function rowsOf(page: string): readonly Row[] {
  return page.split('\n').flatMap((line) => {
    const [, number = '', code = '', tests = ''] = line.split('|').map((cell) => cell.trim());
    return /^(?:[RNSTQC]\d+(?:\.\d)?|I)$/.test(number) ? [{ number, code: pathsIn(code), tests: pathsIn(tests) }] : [];
  });
}

function pathsIn(cell: string): readonly string[] {
  const marked = [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
  return marked.filter((text) => /^[\w.-]+\/[\w./-]*$|^[\w-]+\.(?:ts|json|md|yaml)$/.test(text));
}

it('a row names its paths, and nothing else is taken for one', () => {
  const page =
    '| no. | code | tests |\n|---|---|---|\n| R1.1 | `src/a.ts` (`run`), `package.json` | `test/b.test.ts`: `router.stop` |';
  expect(rowsOf(page)).toEqual([{ number: 'R1.1', code: ['src/a.ts', 'package.json'], tests: ['test/b.test.ts'] }]);
});

it('every requirement has exactly one row', () => {
  const found = rowsOf(textOf('docs/requirements.md')).map((row) => row.number);
  expect([...found].sort()).toEqual([...numbers].sort());
});

it.each(numbers)('%s is shown by code and tests that exist', (number) => {
  const row = rowsOf(textOf('docs/requirements.md')).find((candidate) => candidate.number === number);
  expect(row?.code).not.toEqual([]);
  expect(row?.tests.filter((path) => path.startsWith('test/'))).not.toEqual([]);
  expect([...(row?.code ?? []), ...(row?.tests ?? [])].filter((path) => !existsSync(join(projectRoot, path)))).toEqual(
    [],
  );
});

it.each(features)('%s is named by a test', (number) => {
  const tests = filesIn('test').filter((path) => path.endsWith('.test.ts') && !path.startsWith('test/unit/tidy/'));
  const mention = new RegExp(`\\b${number.replace('.', '\\.')}\\b`);
  expect(tests.some((path) => mention.test(textOf(path)))).toBe(true);
});
