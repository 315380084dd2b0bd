import type { Clock } from '../core/clock.ts';
import { errorText } from '../core/error-text.ts';
import type { CommitOutcome } from '../core/source-port.ts';
import { seconds } from '../report/duration.ts';
import type { CellWatch, PartitionCell } from './cell-watch.ts';
import { pause, within } from './patience.ts';

/** What a stay writes into its cell; `owner: null` gives the partition back. */
export type CellChange = Partial<Pick<PartitionCell, 'position' | 'mark' | 'takeovers' | 'marked'>> & {
  readonly owner?: null;
};

interface Waiting {
  readonly change: number;
  readonly settle: (outcome: CommitOutcome) => void;
}

/** Who takes the lease, and hears of it. */
interface LeaseHolder {
  readonly member: string;
  readonly leaseMs: number;
  readonly isMember: (member: string) => boolean;
  /** The position: the broker had confirmed it, and lost it. */
  readonly onLost: (wentBackFrom: number | undefined, why: string) => void;
  readonly onKept: () => void;
}

/** The lease counts as over so much before the others may think so: clocks do not run at the very same speed. */
const MARGIN = 0.1;
const RETRY_MS = 100;

/** The right to one partition, held by compare-and-set alone: a refused write is its end, and no clock is. */
export class Lease {
  readonly #watch: CellWatch;
  readonly #clock: Clock;
  readonly #holder: LeaseHolder;
  /** Undefined: it is not held. */
  #epoch: number | undefined;
  /** When the write was sent that the broker confirmed last, and when it did. */
  #sentAt = 0;
  #keptAt = 0;
  /** Why a write after that one failed last, in words, and since when they do. */
  #failure: { readonly text: string; readonly since: number } | undefined;
  #tickedAt = 0;
  /** The last time at which a tick came too late. */
  #stillness = { ms: 0, endedAt: 0 };
  #wanted: CellChange = {};
  /** How many changes were asked for, and how many of them are written. */
  #changes = 0;
  #applied = 0;
  /** Each with how many changes are in it. */
  #attempts = new Map<number, { readonly changes: number; readonly sentAt: number }>();
  #waiting: Waiting[] = [];
  #isWriting = false;

  constructor(watch: CellWatch, clock: Clock, holder: LeaseHolder) {
    this.#watch = watch;
    this.#clock = clock;
    this.#holder = holder;
  }

  get isHeld(): boolean {
    return this.#epoch !== undefined;
  }

  /** By this clock nobody else can have taken it. Once false, only an answer of the broker makes it true again. */
  get isValid(): boolean {
    return this.isHeld && this.#silentMs < this.#holder.leaseMs * (1 - MARGIN);
  }

  /** Since the broker confirmed it. */
  get keptMs(): number {
    return this.#clock.now() - this.#keptAt;
  }

  /** Why it cannot be renewed, and could not for its length; undefined: it can. */
  get trouble(): string | undefined {
    const now = this.#clock.now();
    const { text, since = now } = this.#failure ?? {};
    return this.isHeld && now - since >= this.#holder.leaseMs ? text : undefined;
  }

  /** One attempt, if the cell may be taken. Rejects when the outcome is unknown; then the next attempt takes over from it. */
  async acquire(): Promise<boolean> {
    if (this.#isWriting) return false;
    await this.#watch.look();
    const { cell } = this.#watch;
    const { owner } = cell;
    const isOther = owner !== null && owner !== this.#holder.member;
    // Another member has seen it silent for a lease already: that it does not renew is enough.
    const silenceMs = owner !== null && this.#holder.isMember(owner) ? this.#holder.leaseMs : this.#holder.leaseMs / 2;
    if (isOther && this.#watch.ages.silentMs < silenceMs) return false;
    const sentAt = this.#clock.now();
    const takeovers = cell.takeovers + (isOther ? 1 : 0);
    const taken = { ...cell, owner: this.#holder.member, epoch: cell.epoch + 1, n: cell.n + 1, takeovers };
    if ((await this.#watch.write(taken)) === 'stale') return false;
    this.#epoch = taken.epoch;
    this.#wanted = {};
    this.#attempts.clear();
    this.#applied = this.#changes;
    this.#tickedAt = this.#clock.now();
    this.#confirm(sentAt);
    return true;
  }

  /** To be called so often: writes the cell as it is, unless a write was confirmed lately or is under way. */
  tick(everyMs: number): void {
    const now = this.#clock.now();
    const lateMs = now - this.#tickedAt - everyMs;
    if (lateMs >= everyMs) this.#stillness = { ms: lateMs, endedAt: now };
    this.#tickedAt = now;
    if (!this.isHeld || this.#isWriting || this.keptMs < everyMs / 2) return;
    this.#changes += 1;
    void this.#writeAll();
  }

  /** Resolves when a write with this change was confirmed or refused; `unknown` when the time is over before. */
  async write(wanted: CellChange, withinMs: number): Promise<CommitOutcome> {
    if (!this.isHeld) return 'lost';
    this.#wanted = { ...this.#wanted, ...wanted };
    this.#changes += 1;
    const change = this.#changes;
    const written = new Promise<CommitOutcome>((settle) => void this.#waiting.push({ change, settle }));
    if (!this.#isWriting) void this.#writeAll();
    const outcome = await within(this.#clock, withinMs, written).catch(() => 'unknown' as const);
    if (outcome === 'unknown') this.#waiting = this.#waiting.filter((each) => each.change !== change);
    return outcome;
  }

  /** The broker did not answer when it was to be given back; the others wait until it is silent for a lease. */
  forget(): void {
    this.#epoch = undefined;
    this.#settle('unknown');
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.isHeld && this.#applied < this.#changes) {
      try {
        if ((await this.#attempt()) === 'stale') await this.#findOut();
      } catch (error) {
        this.#failure = { text: errorText(error), since: this.#failure?.since ?? this.#clock.now() };
        await pause(this.#clock, RETRY_MS);
        await this.#findOut().catch(() => {});
      }
    }
    this.#isWriting = false;
  }

  async #attempt(): Promise<'written' | 'stale'> {
    const { cell } = this.#watch;
    const next = { ...cell, ...this.#wanted, n: Math.max(cell.n, [...this.#attempts.keys()].at(-1) ?? 0) + 1 };
    this.#attempts.set(next.n, { changes: this.#changes, sentAt: this.#clock.now() });
    const outcome = await this.#watch.write(next);
    if (outcome === 'written') this.#noteApplied(next.n);
    return outcome;
  }

  /** A refused write may have been ours a moment ago: an attempt whose answer was lost. */
  async #findOut(): Promise<void> {
    const before = this.#watch.cell;
    await this.#watch.look();
    const { cell } = this.#watch;
    const isOurs = cell.epoch === this.#epoch && (cell.owner === this.#holder.member || this.#wanted.owner === null);
    const hasGoneBack = cell.n < before.n;
    if (!isOurs || hasGoneBack) this.#lose(hasGoneBack ? before.position : undefined);
    else if (this.#attempts.has(cell.n)) this.#noteApplied(cell.n);
  }

  #noteApplied(n: number): void {
    const attempt = this.#attempts.get(n);
    if (attempt === undefined || !this.isHeld) return;
    // Older attempts were made against the same revision or an older one: none of them can be applied any more.
    this.#attempts.clear();
    this.#applied = attempt.changes;
    if (this.#watch.cell.owner === null) this.#epoch = undefined;
    this.#confirm(attempt.sentAt);
    const [kept, rest] = [[] as Waiting[], [] as Waiting[]];
    for (const each of this.#waiting) (each.change <= attempt.changes || !this.isHeld ? kept : rest).push(each);
    this.#waiting = rest;
    for (const { change, settle } of kept) settle(change <= attempt.changes ? 'kept' : 'lost');
  }

  #confirm(sentAt: number): void {
    this.#sentAt = sentAt;
    this.#failure = undefined;
    this.#keptAt = this.#clock.now();
    this.#holder.onKept();
  }

  #lose(wentBackFrom: number | undefined): void {
    this.#epoch = undefined;
    this.#settle('lost');
    // One that was given back may have an owner before the answer comes.
    if (this.#wanted.owner !== null || wentBackFrom !== undefined)
      this.#holder.onLost(wentBackFrom, this.#silenceInWords);
  }

  /** For how long the others may have seen no sign of life. */
  get #silentMs(): number {
    return this.#clock.now() - this.#sentAt;
  }

  /** Why it was lost, as far as this process can know. */
  get #silenceInWords(): string {
    const { ms, endedAt } = this.#stillness;
    const silence = seconds(this.#silentMs);
    if (this.#silentMs < this.#holder.leaseMs / 2)
      return `its clock stood still, as that of a machine that sleeps, or another program wrote the lease, which was confirmed ${silence} before`;
    if (endedAt > this.#sentAt && ms > this.#silentMs / 2)
      return `this process stood still for ${seconds(ms)}: it was paused, or a call blocked its event loop`;
    const said = this.#failure === undefined ? '' : `: ${this.#failure.text}`;
    return `the broker has not confirmed its lease for ${silence}${said}`;
  }

  #settle(outcome: CommitOutcome): void {
    for (const { settle } of this.#waiting.splice(0)) settle(outcome);
  }
}
