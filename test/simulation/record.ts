import { createHash } from 'node:crypto';

/** A law that did not hold. */
export interface Violation {
  readonly law: string;
  readonly atMs: number;
  readonly text: string;
}

/** Something that went from one to another: an arrow of a sequence diagram. */
export interface Arrow {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

const ARROWS_MAX = 24;
const VIOLATIONS_MAX = 20;
/** Faults that strike within this time of each other are a combination. */
const COMBINED_MS = 100;

/** What a run leaves behind: its event log, the last transitions, the laws that were broken, the faults that struck. */
export class Record {
  readonly violations: Violation[] = [];
  readonly arrows: Arrow[] = [];
  /** How often each fault struck. */
  readonly faults = new Map<string, number>();
  /** How often each two faults struck close to each other. */
  readonly combinations = new Map<string, number>();
  readonly lines: string[] = [];
  readonly #lastStruck = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  log(text: string): void {
    this.lines.push(`${round(this.#now())} ${text}`);
  }

  arrow(from: string, to: string, text: string): void {
    this.log(`${from} -> ${to}: ${text}`);
    this.arrows.push({ atMs: round(this.#now()), from, to, text });
    // A run that is broken shows how it came to that, not what followed.
    if (this.arrows.length > ARROWS_MAX && this.violations.length === 0) this.arrows.shift();
  }

  violated(law: string, text: string): void {
    this.log(`VIOLATION ${law}: ${text}`);
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ law, atMs: round(this.#now()), text });
  }

  /** Notes a broken law for each problem. */
  check(law: string, problems: readonly string[]): void {
    for (const problem of problems) this.violated(law, problem);
  }

  struck(fault: string): void {
    const now = this.#now();
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    for (const [other, at] of this.#lastStruck) {
      if (other === fault || now - at > COMBINED_MS) continue;
      const pair = [fault, other].sort().join(' + ');
      this.combinations.set(pair, (this.combinations.get(pair) ?? 0) + 1);
    }
    this.#lastStruck.set(fault, now);
  }

  /** Of the whole event log: two runs of the same seed have the same. */
  get hash(): string {
    return createHash('sha256').update(this.lines.join('\n')).digest('hex');
  }
}

/** Simulated times are sums of halves and tenths; the last bits of a float are no event. */
function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
