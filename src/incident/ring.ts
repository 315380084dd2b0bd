import type { IncidentRecord } from './record.ts';

/** The last `capacity` records; each has a step, counted from 0. */
export class IncidentRing {
  readonly #capacity: number;
  readonly #records: IncidentRecord[] = [];
  /** How many there were, also those that are gone: the step of the next one. */
  total = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The step of the oldest record that is left. */
  get first(): number {
    return this.total - this.#records.length;
  }

  add(record: IncidentRecord): void {
    this.#records[this.total % this.#capacity] = record;
    this.total += 1;
  }

  /** What is left, oldest first. */
  all(): readonly IncidentRecord[] {
    const oldest = this.total % this.#capacity;
    return [...this.#records.slice(oldest), ...this.#records.slice(0, oldest)];
  }
}
