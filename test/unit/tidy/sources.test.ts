import { describe, expect, it } from 'vitest';
import { codeOf, filesIn, textOf } from '../../support/project-files.ts';

const production = [...filesIn('src'), ...filesIn('machines')];
const tests = filesIn('test');
const examples = filesIn('docs');
const SERVICE = ['core', 'config', 'facts', 'channel', 'source', 'report', 'recorder', 'router'];
const ASIDE = /^(machines|src\/(cli|inspector|testing))\//;

function inside(directory: string): readonly string[] {
  return [...production, ...tests].filter((path) => path.startsWith(`${directory}/`));
}

function linesIn(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + textOf(path).split('\n').length - 1, 0);
}

/** `path:line text` of every line whose code matches. */
function matchesIn(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    codeOf(textOf(path))
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
  );
}

/** Lines as they stand in the files. A limit may be lowered, never raised, and its measure never changes. */
const limits: readonly (readonly [name: string, paths: readonly string[], limit: number])[] = [
  ['machines', inside('machines'), 700],
  [
    'core, config, facts, channel, source, report, recorder, router',
    SERVICE.flatMap((name) => inside(`src/${name}`)),
    16_660,
  ],
  ['src without cli, inspector and testing', production.filter((path) => !ASIDE.test(path)), 27_070],
  ['all of src', inside('src'), 36_660],
  ['all of test', tests, 45_700],
];

describe('size', () => {
  it.each(limits)('%s stay within their limit', (_name, paths, limit) => {
    expect(linesIn(paths)).toBeLessThanOrEqual(limit);
  });

  it('no file is longer than 250 lines', () => {
    expect(production.filter((path) => linesIn([path]) > 250)).toEqual([]);
  });

  it('the median file has at most 85 lines', () => {
    const sizes = production.map((path) => linesIn([path])).sort((a, b) => a - b);
    expect(sizes[sizes.length >> 1]).toBeLessThanOrEqual(85);
  });
});

describe('names', () => {
  it('no file or directory is a drawer for odds and ends', () => {
    const drawer =
      /(^|\/)((types|utils?|helpers?|common|misc|shared)\.ts$|(types|utils?|helpers?|common|misc|shared)\/)/;
    const paths = [...production, ...tests.filter((path) => !path.startsWith('test/types/')), ...examples];
    expect(paths.filter((path) => drawer.test(path))).toEqual([]);
  });
});

describe('the world comes in through ports', () => {
  const banned = [
    ['the wall clock', /\bDate\.now\b|\bDate\(\)|\bnew Date(?!\()/],
    ['chance', /\bMath\.random\b|\brandomUUID\(/],
    ['timers', /(?:(?<![\w.$#])|\bglobalThis\.)(?:setTimeout|setInterval|setImmediate)\(|\bAbortSignal\.timeout\(/],
    ['the timers module', /\bfrom 'node:(?:timers|perf_hooks)/],
    ['the performance clock', /(?<![\w.$#])performance\.|\bprocess\.hrtime\b/],
    ['the console', /(?<![\w.$#])console\./],
  ] as const;
  /** The command and the adapters are the world; simulated time is made of real turns; the port itself names what it stands for. */
  const allowed = /^src\/(adapters|cli|testing)\/|^src\/core\/clock\.ts$/;

  it.each(banned)('%s is used by adapters, command and testing only', (_, pattern) => {
    expect(
      matchesIn(
        production.filter((path) => !allowed.test(path)),
        pattern,
      ),
    ).toEqual([]);
  });

  it.each([
    ['const a = Date.now();', true],
    ['const a = new Date();', true],
    ['const text = new Date(clock.wallTime()).toISOString();', false],
    ['// Date.now() would jump', false],
    ["const label = 'Math.random()';", false],
    ['setTimeout(callback, 5);', true],
    ['globalThis.setTimeout(callback, 5);', true],
    ['clock.setTimeout(callback, 5);', false],
    ['this.#clock.setImmediate(callback);', false],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    ['`${performance.now()}`', true],
    ['context.performance.now', false],
    ['console.log(1);', true],
  ])('%s: %s', (line, isBanned) => {
    expect(banned.some(([, pattern]) => pattern.test(codeOf(line)))).toBe(isBanned);
  });
});

describe('exports', () => {
  it('are named one by one', () => {
    expect(matchesIn(production, /^\s*export \*/)).toEqual([]);
  });

  it('are never the default', () => {
    expect(matchesIn([...production, ...tests, ...examples], /^\s*export default\b|\bas default\b/)).toEqual([]);
  });
});

describe('tests', () => {
  it('are never the only ones', () => {
    expect(matchesIn(tests, /\b(?:it|test|describe)(?:\.\w+)*\.only\b/)).toEqual([]);
  });

  it('are left out only with a reason beside it', () => {
    const leftOut = tests.flatMap((path) => {
      const lines = textOf(path).split('\n');
      const hasReason = (index: number): boolean =>
        [lines[index - 1], lines[index]].some((line) => line?.includes('// '));
      return matchesIn([path], /\b(?:it|test|describe)(?:\.\w+)*\.(?:skip|todo|fails)\b/).filter(
        (match) => !hasReason(Number(match.split(/[: ]/)[1]) - 1),
      );
    });
    expect(leftOut).toEqual([]);
  });
});
