import type { Assigned } from '../../src/core/source-port.ts';

interface PartitionAccount {
  last: number;
  readonly delivered: Set<number>;
  /** Everything up to there was removed by retention. */
  removed: number;
  committed: number;
  /** Of the last commit that was kept. */
  fence: number;
}

interface StayAccount {
  readonly member: string;
  last: number | undefined;
  /** It gave the partition back: nothing may come of it any more. */
  isReleased: boolean;
}

/** Knows only what was appended, what each member was handed, and which commits it was told are kept. */
export class ClusterAccount {
  readonly violations: string[] = [];
  readonly #partitions: readonly PartitionAccount[];
  readonly #stays = new Map<Assigned, StayAccount>();
  readonly #owners = new Map<string, string>();

  constructor(partitions: number) {
    const none = { last: 0, removed: 0, committed: 0, fence: 0 };
    this.#partitions = Array.from({ length: partitions }, () => ({ ...none, delivered: new Set<number>() }));
  }

  appended(partition: number, position: number): void {
    this.#of(partition).last = position;
  }

  removed(partition: number, position: number): void {
    const account = this.#of(partition);
    account.removed = Math.max(account.removed, position);
  }

  began(stay: Assigned, member: string): void {
    const { partition, fence } = stay;
    const name = `${partition}/${fence}`;
    const before = this.#owners.get(name);
    if (before !== undefined)
      this.#violation(`partition ${partition} was handed to ${before} and ${member} with fence ${fence}`);
    if (fence < this.#of(partition).fence) this.#violation(`the fence of partition ${partition} went back to ${fence}`);
    this.#owners.set(name, member);
    this.#stays.set(stay, { member, last: undefined, isReleased: false });
  }

  delivered(stay: Assigned, position: number, gap: { readonly from: number; readonly to: number } | undefined): void {
    const account = this.#of(stay.partition);
    const own = this.#stays.get(stay);
    if (own === undefined) return;
    if (own.isReleased) this.#violation(`partition ${stay.partition}: ${position} was delivered after its release`);
    if (gap !== undefined) {
      if (gap.to !== position - 1) this.#violation(`a gap to ${gap.to} before position ${position}`);
      for (let missing = gap.from; missing <= gap.to; missing++) {
        if (missing > account.removed)
          this.#violation(`partition ${stay.partition}: ${missing} is there, and called a gap`);
        account.delivered.add(missing);
      }
    }
    const before = gap === undefined ? position - 1 : gap.from - 1;
    if (own.last !== undefined && own.last !== before)
      this.#violation(`partition ${stay.partition}: ${position} came after ${own.last} to ${own.member}`);
    own.last = position;
    account.delivered.add(position);
  }

  /** Of the newest commit that is known to be kept: what an older one asks for from now on must be refused. */
  fenceOf({ partition }: Assigned): number {
    return this.#of(partition).fence;
  }

  /** Its member was told `kept`; `before`: the newest fence when it asked, for answers may overtake each other. */
  committed(stay: Assigned, position: number | undefined, before: number): void {
    const { partition, fence } = stay;
    const account = this.#of(partition);
    if (fence < before) this.#violation(`partition ${partition}: fence ${fence} committed after ${before}`);
    account.fence = Math.max(fence, account.fence);
    if (position === undefined) return;
    for (let each = account.committed + 1; each <= position; each++)
      if (!account.delivered.has(each))
        this.#violation(`partition ${partition}: ${each} was committed, and nobody had it`);
    account.committed = Math.max(account.committed, position);
  }

  /** It was given back, and its member was told `kept`. */
  released(stay: Assigned, position: number | undefined, before: number): void {
    this.committed(stay, position, before);
    const own = this.#stays.get(stay);
    if (own !== undefined) own.isReleased = true;
  }

  /** `kept`: the positions that the broker has. It may have applied a commit whose answer nobody heard. */
  finish(members: readonly string[], kept: readonly number[]): void {
    const open = [...this.#stays].filter(([stay, { member }]) => !stay.lost.aborted && members.includes(member));
    this.#partitions.forEach((account, partition) => {
      const owners = open.filter(
        ([stay]) => stay.partition === partition && stay.fence === this.#newestFence(partition),
      );
      if (owners.length !== 1) this.#violation(`partition ${partition} has ${owners.length} owners in the end`);
      const missing = Array.from({ length: account.last }, (_, index) => index + 1).filter(
        (position) => !account.delivered.has(position) && position > account.removed,
      );
      if (missing.length > 0) this.#violation(`partition ${partition}: ${missing} were never delivered`);
      const position = kept[partition] ?? 0;
      if (position < account.committed)
        this.#violation(`partition ${partition}: ${account.committed} was committed, and the broker has ${position}`);
      if (position < account.last && account.removed < account.last)
        this.#violation(`partition ${partition}: committed ${position} of ${account.last}`);
    });
  }

  #newestFence(partition: number): number {
    const fences = [...this.#stays.keys()].filter((stay) => stay.partition === partition).map(({ fence }) => fence);
    return Math.max(0, ...fences);
  }

  #of(partition: number): PartitionAccount {
    const account = this.#partitions[partition];
    if (account === undefined) throw new Error(`there is no partition ${partition}`);
    return account;
  }

  #violation(text: string): void {
    this.violations.push(text);
  }
}
