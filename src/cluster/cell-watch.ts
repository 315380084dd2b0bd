import type { Clock } from '../core/clock.ts';
import type { HandOver } from '../core/cluster-view.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { MessagePlace } from '../core/source-port.ts';
import type { Cells, Mark } from './broker.ts';
import { within } from './patience.ts';

/** Changes of owners that are kept for each partition. */
const HAND_OVERS_MAX = 10;

/** What this member has seen of the cell of one partition, and when, on its own clock. */
export class CellWatch {
  readonly #cells: Cells;
  readonly #key: string;
  readonly #clock: Clock;
  readonly #answerMs: number;
  cell = FREE_CELL;
  #revision = 0;
  #revisionAt: number;
  #ownerAt: number;
  #positionAt: number;
  /** The last changes of its owner, oldest first. */
  readonly handOvers: Omit<HandOver, 'partition'>[] = [];

  constructor(cells: Cells, key: string, clock: Clock, answerMs: number) {
    this.#cells = cells;
    this.#key = key;
    this.#clock = clock;
    this.#answerMs = answerMs;
    this.#revisionAt = this.#ownerAt = this.#positionAt = clock.now();
  }

  /** `silentMs`: the owner has given no sign of life. Only the compare-and-set that follows proves it. */
  get ages(): Readonly<Record<'silentMs' | 'ownedMs' | 'committedMs', number>> {
    const now = this.#clock.now();
    return { silentMs: now - this.#revisionAt, ownedMs: now - this.#ownerAt, committedMs: now - this.#positionAt };
  }

  /** Rejects when the broker does not answer in time. */
  async look(): Promise<void> {
    const before = this.#revision;
    const entry = await within(this.#clock, this.#answerMs, this.#cells.read(this.#key));
    const { revision = 0, value = FREE_CELL } = entry ?? {};
    // What was asked before a write of our own may be answered after it. Otherwise a lower revision is a broker that went back.
    if (revision < this.#revision && before !== this.#revision) return;
    const { epoch, n, position, mark } = Object(value) as Partial<PartitionCell>;
    if (![epoch, n, position].every(Number.isInteger) || mark === undefined)
      throw new SluiceError('refused', `${this.#key} is no lease: another program wrote ${JSON.stringify(value)}`);
    if (revision > 0 || this.#revision > 0) this.#note(value as PartitionCell, revision);
  }

  /** Rejects when the outcome is unknown. */
  async write(cell: PartitionCell): Promise<'written' | 'stale'> {
    const revision = await within(this.#clock, this.#answerMs, this.#cells.write(this.#key, cell, this.#revision));
    if (revision === 'stale') return 'stale';
    this.#note(cell, revision);
    return 'written';
  }

  #note(cell: PartitionCell, revision: number): void {
    const now = this.#clock.now();
    if (revision !== this.#revision) this.#revisionAt = now;
    if (cell.epoch !== this.cell.epoch || cell.owner !== this.cell.owner) this.#changeOwner(cell, now);
    if (cell.position !== this.cell.position) this.#positionAt = now;
    this.cell = cell;
    this.#revision = revision;
  }

  #changeOwner({ owner, epoch }: PartitionCell, now: number): void {
    this.#ownerAt = now;
    const change = { at: this.#clock.wallTime(), from: this.cell.owner, to: owner, fence: epoch };
    if (this.handOvers.push(change) > HAND_OVERS_MAX) this.handOvers.shift();
  }
}

/** One per partition: lease, fence and checkpoint together, so that each write renews, fences and commits in one. */
export interface PartitionCell {
  /** Null: it is free. */
  readonly owner: string | null;
  /** The fence: one more with each stay. */
  readonly epoch: number;
  /** One more with each attempt to write, so that an attempt whose answer was lost is known when it is read. */
  readonly n: number;
  /** Everything up to there is settled. */
  readonly position: number;
  readonly mark: Mark | null;
  /** Stays that ended without a release since the position moved. */
  readonly takeovers: number;
  readonly marked: MessagePlace | null;
}

export const FREE_CELL: PartitionCell = {
  owner: null,
  epoch: 0,
  n: 0,
  position: 0,
  mark: null,
  takeovers: 0,
  marked: null,
};
