/** A message: the run of the process that wrote it, and its number in there. */
export interface Sent {
  readonly run: number;
  readonly n: number;
}

/** How many keys there are; a message has the key `n % KEYS`. */
export const KEYS = 5;

/** The sink refuses it for good. */
export function isPoison({ n }: Sent): boolean {
  return n % 37 === 0;
}

/** So many messages a run has at most. */
const RUN = 1_000_000;

/** What routers over one journal said before they were killed, and whether it fits together. */
export class RouterAccount {
  readonly violations: string[] = [];
  /** The highest number that was acknowledged, by run. */
  readonly #acknowledged = new Map<number, number>();
  readonly delivered = new Set<number>();
  readonly letters = new Set<number>();
  /** The last of each key that was delivered for the first time. */
  readonly #last = new Map<number, number>();
  duplicates = 0;
  /** The most messages that one process delivered again. */
  duplicatesMax = 0;
  #duplicatesOfRun = 0;

  get figures(): string {
    const acknowledged = [...this.#acknowledged.values()].reduce((sum, n) => sum + n, 0);
    const again = `${this.duplicates} delivered again, at most ${this.duplicatesMax} by one process`;
    return `${acknowledged} messages acknowledged, ${this.delivered.size} delivered, ${this.letters.size} letters; ${again}`;
  }

  /** Another process begins. */
  begin(): void {
    this.#duplicatesOfRun = 0;
  }

  /** A line of `router-child.ts`. */
  take(line: string): void {
    const [word, first = '', second] = line.split(' ');
    if (word === 'acknowledged') this.#acknowledged.set(Number(first), Number(second));
    if (word === 'delivered') for (const [run, n] of JSON.parse(first) as [number, number][]) this.deliver({ run, n });
    if (word !== 'letter') return;
    const [run, n] = JSON.parse(first) as [number, number];
    this.letters.add(run * RUN + n);
  }

  deliver({ run, n }: Sent): void {
    const place = run * RUN + n;
    const key = n % KEYS;
    const last = this.#last.get(key) ?? 0;
    if (this.delivered.has(place)) {
      this.duplicates += 1;
      this.#duplicatesOfRun += 1;
      this.duplicatesMax = Math.max(this.duplicatesMax, this.#duplicatesOfRun);
    } else if (place < last) this.violations.push(`order: ${run}:${n} of key ${key} came after ${last}`);
    if (isPoison({ run, n })) this.violations.push(`${run}:${n} is poison and was delivered`);
    this.delivered.add(place);
    this.#last.set(key, Math.max(last, place));
  }

  /** The last process read all there was; these letters are in the journal. */
  finish(kept: readonly Sent[]): void {
    const places = kept.map(({ run, n }) => run * RUN + n);
    const letters = new Set(places);
    if (letters.size !== places.length) this.violations.push('a message has two letters');
    for (const place of this.letters) if (!letters.has(place)) this.violations.push(`letter ${place} is lost`);
    for (const [run, acknowledged] of this.#acknowledged) {
      for (let n = 1; n <= acknowledged; n += 1) {
        const has = isPoison({ run, n }) ? letters : this.delivered;
        if (!has.has(run * RUN + n)) this.violations.push(`skipped: ${run}:${n}`);
      }
    }
  }
}
