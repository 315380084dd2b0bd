import { type Entry, type IncidentRecord, TICKS_MAX } from '../incident/record.ts';
import { toText } from '../incident/text.ts';
import type { Incident, Step } from './incident-file.ts';

/** Where a re-run is no longer what was recorded. */
export interface Difference {
  readonly step: number;
  /** What the file says, and what the re-run did instead. */
  readonly recorded: string;
  readonly rerun: string;
}

const ENTRIES: ReadonlySet<string> = new Set([
  'route',
  'offer',
  'withdraw',
  'turn',
  'fire',
  'settle',
  'fail',
  'emit',
  'call',
] satisfies Entry['is'][]);

export function isEntry(record: IncidentRecord | undefined): record is Entry & Step {
  return record !== undefined && ENTRIES.has(record.is);
}

/** The records of a file, taken one after the other by whoever does again what was recorded. */
export class Tape {
  readonly #steps: readonly Step[];
  readonly #end: number;
  #position: number;
  #depth = 0;
  /** Ticks of the queue of promises since something came in. */
  ticks = 0;
  /** The first one; from there on nothing is compared. */
  difference: Difference | undefined;
  /** Does an entry again; nothing comes in before there is a router. */
  perform: (entry: Entry & Step) => void = (entry) => this.differ(entry, 'the router is being made');
  /** Before a re-run begins at a calm moment, the router is brought there, which is no part of the record. */
  isFree = false;

  constructor({ steps, end }: Incident, from: number) {
    this.#steps = steps;
    this.#end = end.step;
    this.#position = steps.filter(({ step }) => step < from).length;
  }

  /** The next record that counts; undefined: there is none. */
  get next(): Step | undefined {
    while (this.#steps[this.#position]?.is === 'alert') this.#position += 1;
    return this.#steps[this.#position];
  }

  get position(): number {
    return this.#position;
  }

  skip(): void {
    this.#position += 1;
  }

  /** The router does this now, and the record should say the same. Undefined: it does not, or nothing is compared. */
  take<Is extends IncidentRecord['is']>(is: Is, rerun: () => string): (Step & { is: Is }) | undefined {
    if (!this.#isCompared) return undefined;
    this.#enterBetween();
    // The host's own look at something: nothing of the router's asks for it again.
    while (this.next?.is === 'now') this.#position += 1;
    const { next } = this;
    if (next?.is !== is) {
      this.differ(next, rerun());
      return undefined;
    }
    this.#position += 1;
    return next as Step & { is: Is };
  }

  /** The router reads the clock. Who only looks, such as a report of a channel that is gone, may do so a tick earlier or later. */
  takeReading(): number | undefined {
    if (!this.#isCompared) return undefined;
    this.#enterBetween();
    const { next } = this;
    if (next?.is !== 'now') return undefined;
    this.#position += 1;
    return next.at;
  }

  /** Does an entry again, and what came in from within it. */
  enter(entry: Entry & Step): void {
    this.#position += 1;
    this.within(() => this.perform(entry));
    if (this.#depth === 0) this.ticks = 0;
  }

  /** Runs one of the router's callbacks; what came in from within it comes in again. */
  within(run: () => void): void {
    this.#depth += 1;
    try {
      run();
      this.#enterNested();
    } finally {
      this.#depth -= 1;
    }
  }

  /** The file says this, the re-run did that. */
  differ(step: Step | undefined, rerun: string): void {
    this.difference ??= {
      step: step?.step ?? this.#end,
      recorded: step === undefined ? 'nothing more' : describe(step),
      rerun,
    };
  }

  get #isCompared(): boolean {
    return !this.isFree && this.difference === undefined;
  }

  /** What came in from outside between two promises of the router. */
  #enterBetween(): void {
    for (let next = this.next; this.#depth === 0 && isEntry(next); next = this.next) this.enter(next);
  }

  #enterNested(): void {
    while (this.#isCompared) {
      // Readings before it were the host's own: nothing of the router's comes between.
      const readings = this.#readingsAhead();
      const entry = this.#steps[this.#position + readings];
      if (!isEntry(entry) || entry.depth !== this.#depth) return;
      this.#position += readings;
      this.enter(entry);
    }
  }

  #readingsAhead(): number {
    let count = 0;
    for (let is = this.next?.is; is === 'now' || is === 'alert'; is = this.#steps[this.#position + count]?.is)
      count += 1;
    return count;
  }
}

/** A record in words, or nearly. */
function describe({ step: _, ...record }: Step): string {
  const text = toText(record);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** How far promises must have got before it comes in: a timer comes when they are all at rest. */
export function ticksBefore(step: Step): number {
  if (step.is === 'fire') return TICKS_MAX;
  return isEntry(step) ? (step.ticks ?? 0) : 0;
}
