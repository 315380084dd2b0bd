import type { GapReason } from './overflow.ts';

const KEYS_MAX = 1_000;
const OTHER_KEYS = '*';
export const NO_GAPS: readonly Gap[] = Object.freeze([]);

/** The evidence of a loss: `count` messages of `key`, the first and last of which were accepted as `from` and `to`. */
export interface Gap {
  readonly channel: string;
  /** `from` and `to` count what this partition accepted. Left out in a channel with one partition. */
  readonly partition?: number;
  /** '*' stands for all keys beyond the first 1,000 between two batches. */
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly reason: GapReason;
}

/** Collects losses between two batches; those of one key and reason become one gap. */
export class GapLog {
  private readonly place: Pick<Gap, 'channel' | 'partition'>;
  /** In the order of their first loss; undefined: there is none. */
  private gaps: Map<string, { -readonly [Field in keyof Gap]: Gap[Field] }> | undefined;

  /** `partition`: the number of the partition, if the channel has several. */
  constructor(channel: string, partition?: number) {
    this.place = partition === undefined ? { channel } : { channel, partition };
  }

  get isEmpty(): boolean {
    return this.gaps === undefined;
  }

  add(reason: GapReason, key: string, sequence: number): void {
    this.gaps ??= new Map();
    const name = this.gaps.size < KEYS_MAX || this.gaps.has(`${reason} ${key}`) ? key : OTHER_KEYS;
    let gap = this.gaps.get(`${reason} ${name}`);
    if (gap === undefined) {
      gap = { ...this.place, key: name, from: sequence, to: sequence, count: 0, reason };
      this.gaps.set(`${reason} ${name}`, gap);
    }
    gap.count += 1;
    // Not always ascending: a batch that was put back is older than what was dropped meanwhile.
    if (sequence < gap.from) gap.from = sequence;
    if (sequence > gap.to) gap.to = sequence;
  }

  /** The gaps in the order of their first loss; the log is empty afterwards. */
  take(): readonly Gap[] {
    if (this.gaps === undefined) return NO_GAPS;
    const gaps = [...this.gaps.values()];
    this.gaps = undefined;
    return gaps;
  }
}
