import type { Clock } from '../core/clock.ts';
import type { Cells } from './broker.ts';
import { within } from './patience.ts';

/** One cell for all members: their beats, each of which only its member moves. */
type MembersCell = Readonly<Record<string, number>>;

interface Seen {
  readonly beat: number;
  /** When it was first seen, on our own clock. */
  readonly at: number;
}

const KEY = 'members';
const ATTEMPTS_MAX = 10;

/** Who takes part: a member is there while its entry changes. Nobody is a leader, and no clocks are compared. */
export class Membership {
  readonly #cells: Cells;
  readonly #clock: Clock;
  readonly #member: string;
  readonly #leaseMs: number;
  readonly #answerMs: number;
  #beat = 0;
  #seen = new Map<string, Seen>();
  #readAt: number;

  constructor(
    cells: Cells,
    clock: Clock,
    { member, leaseMs, answerMs }: { readonly member: string; readonly leaseMs: number; readonly answerMs: number },
  ) {
    this.#cells = cells;
    this.#clock = clock;
    this.#member = member;
    this.#leaseMs = leaseMs;
    this.#answerMs = answerMs;
    this.#readAt = clock.now();
  }

  /** Those that are there, by the last reading of the cell: while the broker is away nobody dies. */
  get members(): readonly string[] {
    const there = [...this.#seen].filter(([, { at }]) => this.#readAt - at < this.#leaseMs).map(([member]) => member);
    return [...new Set([...there, this.#member])].sort();
  }

  /** By the last reading of the cell; one that somebody has seen silent for a lease is not in it. */
  has(member: string): boolean {
    return this.#seen.has(member);
  }

  /** Says that this member is there, and sees who else is. Rejects when the broker does not answer. */
  beat(): Promise<void> {
    this.#beat += 1;
    return this.#change((cell) => ({ ...this.#withoutSilent(cell), [this.#member]: this.#beat }));
  }

  /** Says that it goes, so that the others need not wait. */
  leave(): Promise<void> {
    return this.#change(({ [this.#member]: _, ...others }) => others);
  }

  async #change(change: (cell: MembersCell) => MembersCell): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const entry = await within(this.#clock, this.#answerMs, this.#cells.read(KEY));
      // Only members of this version write under this key.
      const cell = (entry?.value ?? {}) as MembersCell;
      this.#note(cell);
      const written = this.#cells.write(KEY, change(cell), entry?.revision ?? 0);
      if ((await within(this.#clock, this.#answerMs, written)) !== 'stale') return;
    }
  }

  #note(cell: MembersCell): void {
    this.#readAt = this.#clock.now();
    const seen = new Map<string, Seen>();
    for (const [member, beat] of Object.entries(cell)) {
      const before = this.#seen.get(member);
      seen.set(member, before?.beat === beat ? before : { beat, at: this.#readAt });
    }
    this.#seen = seen;
  }

  /** So that a member which came later, and has not watched for so long, knows it too. One that is alive comes back. */
  #withoutSilent(cell: MembersCell): MembersCell {
    const there = new Set(this.members);
    return Object.fromEntries(Object.entries(cell).filter(([member]) => there.has(member)));
  }
}
