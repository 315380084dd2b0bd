import type { MalformedLine } from './messages.ts';

/** How many malformed lines are told one by one; of the rest only the number. */
const TOLD_MAX = 20;

/** Collects what is wrong with the input and tells it as it comes, a line each. */
export class Problems {
  readonly unreadable: string[] = [];
  readonly #tell: (line: string) => void;
  #malformed = 0;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  get malformed(): number {
    return this.#malformed;
  }

  addMalformed({ file, line, problem }: MalformedLine): void {
    this.#malformed += 1;
    if (this.#malformed <= TOLD_MAX) this.#tell(`${file}:${line}: ${problem}; skipped`);
  }

  addUnreadable(file: string, error: unknown): void {
    const problem = `${file}: ${reasonOf(error)}`;
    this.unreadable.push(problem);
    this.#tell(`cannot read ${problem}`);
  }

  /** Tells how many were not told one by one. */
  finish(): void {
    const untold = this.#malformed - TOLD_MAX;
    if (untold > 0) this.#tell(`… and ${untold} more malformed lines`);
  }
}

/** What Node says of the usual mistakes helps only those who know its codes. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check its name',
  EISDIR: 'it is a directory; name the files in it',
  EACCES: 'this user may not read it; check its permissions',
};

/** What is wrong with a file, in words. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = '' }: NodeJS.ErrnoException = error;
  return REASONS[code] ?? error.message;
}
