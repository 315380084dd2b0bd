import type { IncidentRecord } from './record.ts';

/** The last `capacity` records; each has a step, counted from 0. */
export class IncidentRing {
  readonly #records: (IncidentRecord | undefined)[];
  /** How many there were, also those that are gone: the step of the next one. */
  total = 0;

  constructor(capacity: number) {
    this.#records = new Array<IncidentRecord | undefined>(capacity);
  }

  /** The step of the oldest record that is left. */
  get first(): number {
    return Math.max(0, this.total - this.#records.length);
  }

  add(record: IncidentRecord): void {
    this.#records[this.total % this.#records.length] = record;
    this.total += 1;
  }

  /** Those from a step on, oldest first. */
  from(step: number): readonly IncidentRecord[] {
    const records: IncidentRecord[] = [];
    for (let at = Math.max(step, this.first); at < this.total; at += 1) {
      const record = this.#records[at % this.#records.length];
      if (record !== undefined) records.push(record);
    }
    return records;
  }
}
