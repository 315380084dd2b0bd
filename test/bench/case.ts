/** What one run of a contestant measured, by the name of the measure. */
export type Sample = Readonly<Record<string, number>>;

/** One number of a case. */
export interface Measure {
  readonly name: string;
  /** Heads its column. */
  readonly title: string;
  readonly better: 'more' | 'less';
  /** Shows a value. */
  text(value: number): string;
}

/** How often contestants are measured, turn and turn about. */
export interface Turns {
  /** Turns that come first and do not count: nobody rests for long before those that do, or V8 would tidy up his heap. */
  readonly warmUp: number;
  readonly counted: number;
}

/** For what takes long and warms up by itself. */
export const ONCE: Turns = { warmUp: 0, counted: 1 };

/** A contestant in a process of its own. */
export interface Entrant {
  measure(): Promise<Sample>;
  /** Waits for what is still out. Throws when a message was lost, came twice or out of order. */
  finish?(): Promise<void>;
}

/** Something that is measured, for several contestants. */
export interface Case {
  readonly name: string;
  /** One sentence: what is done and measured. */
  readonly title: string;
  /** Whose first measure is 1; `sluice` is always in it too. */
  readonly baseline: string;
  /** Runs in each round even when other peers were asked for. */
  readonly references: readonly string[];
  readonly contestants: readonly string[];
  /** The first one is the one that ratios are taken of. */
  readonly measures: readonly Measure[];
  /** In each round. */
  readonly turns: Turns;
  /** More rounds would tell nothing new. */
  readonly roundsMax?: number;
  /** Why it cannot run here; undefined: it can. */
  unavailable?(): string | undefined;
  /** Called in a process of its own. */
  open(contestant: string): Promise<Entrant>;
}
