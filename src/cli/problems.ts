import { errorText } from '../core/error-text.ts';
import type { MalformedLine } from './messages.ts';
import { formatCount } from './table.ts';

/** How many malformed lines are printed; of the rest only the number is. */
const PRINTED_MAX = 20;

/** Collects the problems of the input and prints each as it occurs. */
export class Problems {
  readonly unreadable: string[] = [];
  readonly #print: (line: string) => void;
  readonly #unpaced = { missing: 0, stale: 0 };
  malformed = 0;
  #longWaits = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  addMalformed({ file, line, problem }: MalformedLine): void {
    this.malformed += 1;
    if (this.malformed <= PRINTED_MAX) this.#print(`${file}:${line}: ${problem}; skipped`);
  }

  addUnreadable(file: string, error: unknown): void {
    const problem = `${file}: ${reasonOf(error)}`;
    this.unreadable.push(problem);
    this.#print(`cannot read ${problem}`);
  }

  /** A message has no time, or one that had passed long before. */
  addUnpaced(why: 'missing' | 'stale'): void {
    this.#unpaced[why] += 1;
  }

  /** The next message is due only then. */
  addLongWait(waitMs: number, timeMs: number): void {
    this.#longWaits += 1;
    if (this.#longWaits > PRINTED_MAX) return;
    const seconds = formatCount(Math.round(waitMs / 1_000));
    this.#print(`--speed: the next message is of ${new Date(timeMs).toISOString()}, due in ${seconds} s`);
  }

  /** Prints what was only counted: malformed lines beyond the first, and messages whose times were not followed. */
  finish(): void {
    const { missing, stale } = this.#unpaced;
    if (missing > 0) this.#print(`--speed: ${formatCount(missing)} messages without a time were not delayed`);
    if (stale > 0)
      this.#print(`--speed: ${formatCount(stale)} messages are older than those before them and were not delayed`);
    const rest = this.malformed - PRINTED_MAX;
    if (rest > 0) this.#print(`… and ${rest} more malformed lines`);
  }
}

/** Node's own messages for these mistakes are hard to understand. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check the name',
  EISDIR: 'it is a directory; name the files in it',
  EACCES: 'you may not read it; check its permissions',
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  // The codes of zlib and of files say less than their messages.
  return REASONS[code ?? ''] ?? (error instanceof Error ? error.message : errorText(error));
}
