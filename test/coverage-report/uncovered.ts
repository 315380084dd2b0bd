/** What istanbul knows of one file: how often each statement and each way out of a branch was taken. */
export interface FileCoverage {
  readonly path: string;
  readonly statementMap: Readonly<Record<string, Range>>;
  readonly s: Readonly<Record<string, number>>;
  readonly branchMap: Readonly<Record<string, { readonly loc: Range; readonly locations: readonly MaybeRange[] }>>;
  readonly b: Readonly<Record<string, readonly number[]>>;
}

interface Range {
  readonly start: { readonly line: number };
}
/** The `else` that nobody wrote has no place of its own. */
interface MaybeRange {
  readonly start: { readonly line?: number | undefined };
}

/** A line of which something was never run. */
export interface UncoveredLine {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  /** Not the line itself, but one of the ways it may go. */
  readonly isBranch: boolean;
}

/** Why lines are not covered: the reason, and the places it holds for: `path: part of the line`, or the path of a file. */
export interface Reason {
  readonly because: string;
  readonly places: readonly string[];
  /** Chance or the speed of the machine decides whether it is covered. */
  readonly isSometimesCovered?: boolean;
}

/** The lines of a file that were not run, or not in every way, from the first to the last. */
export function uncoveredIn(file: FileCoverage, path: string, source: string): UncoveredLine[] {
  const statements = Object.entries(file.s).filter(([, count]) => count === 0);
  const lines = new Set(statements.flatMap(([id]) => file.statementMap[id]?.start.line ?? []));
  const branches = Object.entries(file.b).flatMap(([id, counts]) => {
    const branch = file.branchMap[id];
    const missed = counts.flatMap((count, way) => (count === 0 ? [branch?.locations[way]?.start.line] : []));
    return missed.flatMap((line) => line ?? branch?.loc.start.line ?? []);
  });
  const text = source.split('\n');
  return [...new Set([...lines, ...branches])]
    .sort((a, b) => a - b)
    .map((line) => ({ path, line, text: text[line - 1]?.trim() ?? '', isBranch: !lines.has(line) }));
}

/** What `judge` found. */
export interface Judgement {
  /** Each uncovered line with its reason. */
  readonly explained: readonly (UncoveredLine & { readonly because: string })[];
  readonly unexplained: readonly UncoveredLine[];
  /** Places that name nothing that is uncovered: the reason is gone, and so should they be. */
  readonly outdated: readonly string[];
}

/** Gives each uncovered line the first reason that names it. */
export function judge(uncovered: readonly UncoveredLine[], reasons: readonly Reason[]): Judgement {
  const explained: (UncoveredLine & { because: string })[] = [];
  const unexplained: UncoveredLine[] = [];
  const used = new Set<string>();
  for (const line of uncovered) {
    const named = reasons.flatMap(({ because, places }) => {
      const place = places.find((each) => isAt(line, each));
      return place === undefined ? [] : [{ because, place }];
    });
    for (const { place } of named) used.add(place);
    const [first] = named;
    if (first === undefined) unexplained.push(line);
    else explained.push({ ...line, because: first.because });
  }
  const always = reasons.filter(({ isSometimesCovered }) => isSometimesCovered !== true);
  const outdated = always.flatMap(({ places }) => places).filter((place) => !used.has(place));
  return { explained, unexplained, outdated };
}

function isAt({ path, text }: UncoveredLine, place: string): boolean {
  return place === path || (place.startsWith(`${path}: `) && text.includes(place.slice(path.length + 2)));
}

/** The judgement for people: every line that is not covered, under its reason, and what has to be done. */
export function listing({ explained, unexplained, outdated }: Judgement): string {
  const reasons = [...new Set(explained.map(({ because }) => because))];
  const blocks = reasons.map((reason) => {
    const lines = explained.filter(({ because }) => because === reason).map(lineText);
    return `${reason} (${lines.length})\n${lines.join('\n')}`;
  });
  if (unexplained.length > 0)
    blocks.push(
      `NOT covered, and no reason given (test/coverage-report/reasons.ts):\n${unexplained.map(lineText).join('\n')}`,
    );
  if (outdated.length > 0)
    blocks.push(
      `Covered or gone, though a reason is given why not (test/coverage-report/reasons.ts):\n${outdated.map((place) => `  ${place}`).join('\n')}`,
    );
  return blocks.join('\n\n');
}

function lineText({ path, line, text, isBranch }: UncoveredLine): string {
  return `  ${path}:${line} ${isBranch ? 'one way of: ' : ''}${text}`;
}
