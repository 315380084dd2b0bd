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

/** A contestant that is warm, in a process of its own. */
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
  /** How often each is measured in a round, turn and turn about; 1 where a measurement takes long. */
  readonly turns: number;
  /** More rounds would tell nothing new. */
  readonly roundsMax?: number;
  /** Why it cannot run here; undefined: it can. */
  unavailable?(): string | undefined;
  /** Called in a process of its own. */
  open(contestant: string): Promise<Entrant>;
}
