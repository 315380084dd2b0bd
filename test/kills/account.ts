/** A message: the run of the process that wrote it, and its number in there. */
type Message = readonly [run: number, n: number];

/** What processes said before they were killed, and whether it fits together. */
export class Account {
  /** The highest number that was acknowledged, by run. */
  readonly #acknowledged = new Map<number, number>();
  /** The highest number that was delivered, by run. */
  readonly #delivered = new Map<number, number>();
  readonly letters = new Set<string>();
  readonly violations: string[] = [];
  #committed: Message = [0, 0];
  /** The last one that the present stay delivered. */
  #last: Message | undefined;
  #fence = 0;
  messages = 0;
  duplicates = 0;

  get acknowledged(): number {
    return [...this.#acknowledged.values()].reduce((sum, n) => sum + n, 0);
  }

  get figures(): string {
    const delivered = `${this.messages} delivered, ${this.duplicates} of them again`;
    return `${this.acknowledged} messages acknowledged, ${delivered}; ${this.letters.size} letters`;
  }

  /** A line of `child.ts`; the last one of a killed process may be cut off. */
  take(line: string): void {
    const [word, ...rest] = line.split(' ');
    if (word === 'stay') this.#begin(Number(rest[0]));
    if (word === 'acknowledged') raise(this.#acknowledged, Number(rest[0]), Number(rest[1]));
    if (word === 'delivered') for (const message of JSON.parse(rest[0] ?? '') as Message[]) this.deliver(message);
    if (word === 'committed') this.#committed = JSON.parse(rest[0] ?? '');
    if (word === 'letter') this.letters.add(rest[0] ?? '');
    if (word === 'gap') this.violations.push(`a gap: ${line}`);
  }

  deliver([run, n]: Message): void {
    const [lastRun, lastN] = this.#last ?? this.#committed;
    const isNext = run === lastRun ? n === lastN + 1 : run > lastRun && n === 1;
    // The commit of a killed process may have been kept without its word.
    const isAgain = this.#last === undefined && (run > lastRun || n > lastN);
    const here = `${run}:${n} came after ${lastRun}:${lastN}`;
    if (!isNext && !isAgain) this.violations.push(`out of order or committed before: ${here}`);
    if (!isNext && isAgain && n > (this.#delivered.get(run) ?? 0) + 1) this.violations.push(`a hole: ${here}`);
    if (run !== lastRun) this.#checkEnd(lastRun, run);
    if (n <= (this.#delivered.get(run) ?? 0)) this.duplicates += 1;
    raise(this.#delivered, run, n);
    this.#last = [run, n];
    this.messages += 1;
  }

  /** All stays are over, the last one read all there was. */
  finish(lettersKept: readonly string[]): void {
    this.#checkEnd(0, Number.POSITIVE_INFINITY);
    const kept = new Set(lettersKept);
    if (kept.size !== lettersKept.length) this.violations.push('a letter is there twice');
    for (const id of this.letters) if (!kept.has(id)) this.violations.push(`letter ${id} is lost`);
  }

  #begin(fence: number): void {
    if (fence <= this.#fence) this.violations.push(`the fence went from ${this.#fence} to ${fence}`);
    this.#fence = fence;
    this.#last = undefined;
  }

  /** Runs before this one have come to their end: what they were told is kept has come. */
  #checkEnd(from: number, to: number): void {
    for (const [run, acknowledged] of this.#acknowledged) {
      const delivered = this.#delivered.get(run) ?? 0;
      if (run >= from && run < to && delivered < acknowledged)
        this.violations.push(`lost: ${run}:${delivered + 1} to ${run}:${acknowledged}`);
    }
  }
}

function raise(highest: Map<number, number>, run: number, n: number): void {
  highest.set(run, Math.max(n, highest.get(run) ?? 0));
}
