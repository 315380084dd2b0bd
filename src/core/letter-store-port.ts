/**
 * Where dead letters are kept. A message is a dead letter when `add` has resolved, not before: a store that is full or
 * fails rejects, and never makes room by evicting.
 */
export interface LetterStore {
  /** How many letters there are. Must not throw. */
  readonly size: number;
  /** Resolves when the letter lasts as long as this store can make it. A letter with an id that is there changes nothing. */
  add(letter: NewLetter): Promise<void>;
  /** Those that match, oldest first. */
  list(filter?: LetterFilter): Promise<readonly KeptLetter[]>;
  /** Removes those that match; says how many. */
  drop(filter?: LetterFilter): Promise<number>;
  /** Counts a replay of each; an id that is not there is passed over. */
  markReplayed(ids: readonly string[], at: number): Promise<void>;
}

/** A dead letter as it is given to a store. */
export interface NewLetter {
  /** The same for the same message of the same source, so that a letter written twice is one. */
  readonly id: string;
  /** Null: no channel could be found for it. */
  readonly channel: string | null;
  /** One of `DeadLetterReason`. */
  readonly reason: string;
  readonly message: unknown;
  /** What chose the partition of the message, as it came; left out: the message shows it itself. */
  readonly key?: string;
  /** What was thrown or said; a store that writes keeps its text. */
  readonly error: unknown;
  /** How often delivery was tried. */
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A dead letter as a store has it. */
export interface KeptLetter extends NewLetter {
  readonly replays: number;
  /** Milliseconds since 1970; undefined: never. */
  readonly replayedAt: number | undefined;
}

/** Which letters are meant; what is left out does not restrict. */
export interface LetterFilter {
  readonly id?: string;
  readonly channel?: string | null;
  readonly reason?: string;
  /** Not older than this, milliseconds since 1970. */
  readonly since?: number;
  /** At most this many: the oldest, in their order. */
  readonly limit?: number;
  /** With a limit: the newest instead, still the oldest first. A store that cannot do that gives the oldest. */
  readonly newest?: boolean;
}
