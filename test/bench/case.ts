/** What one measurement of a contestant gave, by the name of the measure. */
export type Sample = Readonly<Record<string, number>>;

/** One number of a case. */
export interface Measure {
  readonly name: string;
  readonly better: 'more' | 'less';
  readonly digits: number;
}

/** A contestant in a process of its own. */
export interface Entrant {
  measure(): Promise<Sample>;
  /** Waits for what is still out. Throws when a message was lost, came twice or out of order. */
  finish?(): Promise<void>;
}

/** Something that is measured, for several contestants. */
export interface Case {
  readonly name: string;
  /** Chooses this case as well as others, in `--only`. */
  readonly group?: string;
  /** One sentence: what is done and measured. */
  readonly title: string;
  /** The contestant whose ratio is 1. */
  readonly baseline: string;
  readonly contestants: readonly string[];
  /** Ratios are taken of the first one. */
  readonly measures: readonly Measure[];
  /** In each round; those that warm up come first and do not count. */
  readonly turns: { readonly warmUp: number; readonly counted: number };
  /** More rounds would show nothing new. */
  readonly roundsMax?: number;
  /** Takes part in `--against`. */
  readonly comparesBuilds?: boolean;
  /** Why the case cannot run here; undefined: it can. */
  unavailable?(): string | undefined;
  /** Called in a process of its own. `against` is the directory of the other build. */
  open(contestant: string, against?: string): Promise<Entrant>;
}

/** For cases that take long and warm up by themselves. */
export const ONCE: Case['turns'] = { warmUp: 0, counted: 1 };

/** What most cases count. */
export const perSecond: Measure = { name: 'messages/s', digits: 0, better: 'more' };

/** A measure of which less is better, unless it says otherwise. */
export function measure(name: string, digits = 0, better: Measure['better'] = 'less'): Measure {
  return { name, digits, better };
}
