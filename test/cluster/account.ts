/** What one sink wrote at once: numbers of messages of one partition, by one stay of one worker. */
export interface Written {
  /** When the first and the last of it was written, in milliseconds since 1970. */
  readonly at: number;
  readonly until: number;
  readonly worker: string;
  readonly partition: number;
  readonly fence: number;
  /** Of the frames that the messages came in. */
  readonly lowest: number;
  readonly highest: number;
  readonly runs: readonly (readonly [from: number, to: number])[];
}

export interface Published {
  /** How many messages each partition has. */
  readonly ends: readonly number[];
  /** Those that no sink takes, as `partition/number`. */
  readonly bad: ReadonlySet<string>;
  /** Those in which a process seemed to die, and which are dead letters for it; sinks may have written them too. */
  readonly crashed?: ReadonlySet<string>;
}

export function parseLine(worker: string, line: string): Written {
  const [at = 0, partition = 0, fence = 0, lowest = 0, highest = 0] = line.split(' ', 5).map(Number);
  const runs = (line.split(' ')[5] ?? '').split(',').map((run) => {
    const [from = 0, to = 0] = run.split('-').map(Number);
    return [from, to] as const;
  });
  return { at, until: at, worker, partition, fence, lowest, highest, runs };
}

/** So much of one stay is kept as one, in ms: it is shorter than what counts as idle. */
const JOINED_MS = 500;

/** Both as one; undefined: they are of two stays, or too far apart. An hour of lines would not fit into memory. */
export function joined(earlier: Written, later: Written): Written | undefined {
  const { at, fence, highest, runs, worker } = earlier;
  if (worker !== later.worker || fence !== later.fence || later.at - at > JOINED_MS) return undefined;
  const [last, first] = [runs.at(-1), later.runs[0]];
  const isNext = last !== undefined && first !== undefined && first[0] === last[1] + 1;
  const all = isNext
    ? [...runs.slice(0, -1), [last[0], first[1]] as const, ...later.runs.slice(1)]
    : [...runs, ...later.runs];
  return { ...earlier, until: later.at, highest: Math.max(highest, later.highest), runs: all };
}

/** What came of one partition, and what is wrong with it. */
class PartitionAccount {
  readonly mistakes: string[] = [];
  readonly rewinds: number[] = [];
  again = 0;
  readonly #partition: number;
  readonly #isBad: (s: number) => boolean;
  /** A letter stands for it. */
  readonly #mayMiss: (s: number) => boolean;
  readonly #seen: Uint8Array;
  #fence = -1;
  #owner = '';
  /** The last message that this fence wrote. */
  #last = 0;
  /** The highest frame of all fences. */
  #highest = 0;

  constructor(partition: number, { ends, bad, crashed = new Set() }: Published) {
    this.#partition = partition;
    const prefix = `${partition}/`;
    const own = (ids: ReadonlySet<string>): ReadonlySet<number> =>
      new Set([...ids].filter((id) => id.startsWith(prefix)).map((id) => Number(id.slice(prefix.length))));
    const [ownBad, ownCrashed] = [own(bad), own(crashed)];
    this.#isBad = (s) => ownBad.has(s);
    this.#mayMiss = (s) => ownBad.has(s) || ownCrashed.has(s);
    this.#seen = new Uint8Array((ends[partition] ?? 0) + 1);
  }

  /** In the order of fences, and each fence in the order of its sink. */
  take({ fence, worker, lowest, highest, runs }: Written, window: number): void {
    if (fence !== this.#fence) {
      const first = runs[0]?.[0] ?? 0;
      for (let s = this.#last + 1; s < first; s++)
        if (this.#seen[s] === 0 && !this.#mayMiss(s)) this.#mistake(`${s} was skipped by fence ${fence}`);
      if (this.#fence !== -1) this.rewinds.push(Math.max(0, this.#highest - lowest + 1));
      if (this.#highest - lowest >= window)
        this.#mistake(`fence ${fence} begins at frame ${lowest}, after ${this.#highest}`);
      this.#fence = fence;
      this.#owner = worker;
      this.#last = first - 1;
    }
    if (worker !== this.#owner) this.#mistake(`${this.#owner} and ${worker} both have fence ${fence}`);
    this.#highest = Math.max(this.#highest, highest);
    for (const run of runs) this.#takeRun(run);
  }

  finish(): void {
    for (let s = 1; s < this.#seen.length; s++)
      if (this.#seen[s] === 0 && !this.#mayMiss(s)) this.#mistake(`${s} of ${this.#seen.length - 1} is missing`);
  }

  #takeRun([from, to]: readonly [number, number]): void {
    let isNext = from > this.#last;
    for (let s = this.#last + 1; s < from; s++) isNext &&= this.#mayMiss(s);
    if (!isNext) this.#mistake(`${from} came after ${this.#last} by fence ${this.#fence}`);
    for (let s = from; s <= to; s++) {
      this.again += this.#seen[s] ?? 0;
      this.#seen[s] = 1;
      if (this.#isBad(s)) this.#mistake(`${s} was written, and is bad`);
    }
    this.#last = to;
  }

  #mistake(text: string): void {
    this.mistakes.push(`partition ${this.#partition}: ${text}`);
  }
}

/** What is wrong; knows only what was published, what was written, by partition, and which letters there are. */
export function judge(
  written: readonly (readonly Written[])[],
  published: Published,
  letters: readonly string[],
  window: number,
): { readonly mistakes: readonly string[]; readonly again: number; readonly rewinds: readonly number[] } {
  const accounts = published.ends.map((_, partition) => {
    const account = new PartitionAccount(partition, published);
    // Stable: what one worker wrote stays in its order.
    for (const each of (written[partition] ?? []).toSorted((a, b) => a.fence - b.fence)) account.take(each, window);
    account.finish();
    return account;
  });
  const kept = new Set(letters);
  const mistakes = [
    ...letters.filter((id) => !published.bad.has(id)).map((id) => `${id} is a dead letter, and is a good message`),
    ...[...published.bad]
      .filter((id) => !kept.has(id))
      .map((id) => `${id} is refused by every sink, and is no dead letter`),
    ...(kept.size < letters.length ? ['a message is two dead letters'] : []),
  ];
  return {
    mistakes: [...mistakes, ...accounts.flatMap((account) => account.mistakes)],
    again: accounts.reduce((sum, account) => sum + account.again, 0),
    rewinds: accounts.flatMap(({ rewinds }) => rewinds),
  };
}

const IDLE_MS = 1_000;

/** From when to when. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** When each partition was not written for more than a second, apart from the excused times. */
export function idleSpans(
  written: readonly (readonly Written[])[],
  { from: start, to: end }: Span,
  excused: readonly Span[],
): readonly (readonly Span[])[] {
  return written.map((lines) => {
    const times = lines.flatMap(({ at, until }) => [at, until]).filter((at) => at > start && at < end);
    const all = lines.length === 0 ? [] : [start, ...times.sort((a, b) => a - b), end];
    return all
      .slice(1)
      .map((to, index): Span => ({ from: all[index] ?? to, to }))
      .filter(({ from, to }) => to - from > IDLE_MS && !excused.some((each) => each.from < to && each.to > from));
  });
}

/**
 * For each partition that the worker had at that time: how long after it somebody wrote again: another fence, or the
 * worker itself, when it was only paused and nobody had taken the partition before it went on.
 */
export function failovers(written: readonly (readonly Written[])[], worker: string, diedAt: number): readonly number[] {
  return written.flatMap((lines) => {
    const before = lines.filter(({ at }) => at <= diedAt);
    const fence = before.reduce((max, each) => Math.max(max, each.fence), 0);
    if (!before.some((each) => each.fence === fence && each.worker === worker)) return [];
    const next = lines
      .filter((each) => each.fence > fence || each.at > diedAt + IDLE_MS)
      .reduce((min, { at }) => Math.min(min, at), Number.POSITIVE_INFINITY);
    return Number.isFinite(next) ? [next - diedAt] : [];
  });
}
