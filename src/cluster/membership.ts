import type { Clock } from '../core/clock.ts';
import type { MemberStatus } from '../core/cluster-view.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Cells } from './broker.ts';
import type { ClusterSettings } from './cluster-options.ts';
import { within } from './patience.ts';

/** One cell for all members: their beats, each of which only its member moves. Negative: somebody saw it silent for a lease. */
type MembersCell = Readonly<Record<string, number>>;

function isMembersCell(value: unknown): value is MembersCell {
  return Object(value) === value && !Array.isArray(value) && Object.values(value as object).every(Number.isInteger);
}

interface Seen {
  readonly beat: number;
  /** When it was first seen, on our own clock, moved on by the time in which the broker could not be asked since. */
  readonly at: number;
  /** When the member itself was. */
  readonly since: number;
}

interface MembershipParts extends Pick<ClusterSettings, 'leaseMs' | 'answerMs'> {
  readonly cells: Cells;
  readonly clock: Clock;
  readonly member: string;
  /** Hears how long each answer took, also of one that came too late. */
  readonly onAnswered: (tookMs: number) => void;
}

const KEY = 'members';
const ATTEMPTS_MAX = 10;
/** A member that was silent for so many leases is taken out of the cell. */
const FORGET_AFTER_LEASES = 10;

/** Who takes part: a member is there while its entry changes. Nobody is a leader, and no clocks are compared. */
export class Membership {
  readonly #parts: MembershipParts;
  #beat = 0;
  #seen = new Map<string, Seen>();
  #readAt: number;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.#readAt = parts.clock.now();
  }

  /** Those that are there, by the last reading of the cell: while the broker is away nobody dies. */
  get members(): readonly string[] {
    const there = [...this.#seen].filter(([, seen]) => this.#isThere(seen)).map(([member]) => member);
    return [...new Set([...there, this.#parts.member])].sort();
  }

  /** Those that were seen lately, whether or not they are still there. */
  get statuses(): readonly MemberStatus[] {
    const now = this.#parts.clock.now();
    const there = new Set(this.members);
    return [...this.#seen].map(([member, { at, since }]) => {
      return { member, isThere: there.has(member), seenMs: now - since, announcedMs: now - at };
    });
  }

  /** As far as anybody has seen who is a member itself. */
  has(member: string): boolean {
    return (this.#seen.get(member)?.beat ?? 0) > 0;
  }

  /** How long until the first of the others that are there has been silent for a lease, unless it announces itself before. */
  get silenceInMs(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const [member, seen] of this.#seen)
      if (member !== this.#parts.member && this.#isThere(seen)) first = Math.min(first, seen.at + this.#parts.leaseMs);
    return first - this.#parts.clock.now();
  }

  /** Says that this member is there, and sees who else is. Rejects when the broker does not answer. */
  beat(): Promise<void> {
    this.#beat += 1;
    return this.#change(() => ({ ...this.#asSeen(), [this.#parts.member]: this.#beat }));
  }

  /** Says that it goes, so that the others need not wait. */
  leave(): Promise<void> {
    return this.#change(({ [this.#parts.member]: _, ...others }) => others);
  }

  async #change(change: (cell: MembersCell) => MembersCell): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const entry = await this.#answerTo(this.#parts.cells.read(KEY));
      const cell = entry?.value ?? {};
      if (!isMembersCell(cell))
        throw new SluiceError('refused', `${KEY} is no list of members: another program wrote ${JSON.stringify(cell)}`);
      this.#note(cell);
      const changed = change(cell);
      const written = await this.#answerTo(this.#parts.cells.write(KEY, changed, entry?.revision ?? 0));
      if (written === 'stale') continue;
      this.#note(changed);
      return;
    }
  }

  #answerTo<Value>(asked: Promise<Value>): Promise<Value> {
    const { clock, answerMs, onAnswered } = this.#parts;
    const askedAt = clock.now();
    asked.then(
      () => onAnswered(clock.now() - askedAt),
      () => {},
    );
    return within(clock, answerMs, asked);
  }

  #note(cell: MembersCell): void {
    const now = this.#parts.clock.now();
    const unseenMs = now - this.#readAt;
    // After an outage the others come back one after the other: time in which nobody could see them is no silence.
    const outageMs = unseenMs > this.#parts.leaseMs / 2 ? unseenMs : 0;
    this.#readAt = now;
    const seen = new Map<string, Seen>();
    for (const [member, beat] of Object.entries(cell)) {
      const before = this.#seen.get(member);
      const { at, since } = before ?? { at: now, since: now };
      // The mark of a silent member is no sign of its life.
      const isSame = Math.abs(before?.beat ?? 0) === Math.abs(beat);
      seen.set(member, { beat, at: isSame ? Math.min(at + outageMs, now) : now, since });
    }
    this.#seen = seen;
  }

  #isThere({ beat, at }: Seen): boolean {
    return beat > 0 && this.#readAt - at < this.#parts.leaseMs;
  }

  /** Marks who is silent, for members that have not watched so long; one that lives announces itself again. */
  #asSeen(): MembersCell {
    const kept = [...this.#seen].filter(([, { at }]) => this.#readAt - at < this.#parts.leaseMs * FORGET_AFTER_LEASES);
    return Object.fromEntries(
      kept.map(([member, seen]) => [member, this.#isThere(seen) ? seen.beat : -Math.abs(seen.beat)]),
    );
  }
}
