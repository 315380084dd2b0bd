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
    this.grow(this.place, reason, key, sequence, sequence, 1);
  }

  /** Adds losses that the log of another partition, or of one before a reload, collected. */
  merge({ channel, partition, reason, key, from, to, count }: Gap): void {
    const place = partition === undefined ? { channel } : { channel, partition };
    this.grow(place, reason, key, from, to, count);
  }

  private grow(place: GapLog['place'], reason: GapReason, key: string, from: number, to: number, count: number): void {
    this.gaps ??= new Map();
    const kind = place.partition === this.place.partition ? reason : `${reason} ${place.partition}`;
    const name = this.gaps.size < KEYS_MAX || this.gaps.has(`${kind} ${key}`) ? key : OTHER_KEYS;
    let gap = this.gaps.get(`${kind} ${name}`);
    if (gap === undefined) {
      gap = { ...place, key: name, from, to, count: 0, reason };
      this.gaps.set(`${kind} ${name}`, gap);
    }
    gap.count += count;
    // Not always ascending: a batch that was put back is older than what was dropped meanwhile.
    if (from < gap.from) gap.from = from;
    if (to > gap.to) gap.to = to;
  }

  /** The gaps in the order of their first loss; the log is empty afterwards. */
  take(): readonly Gap[] {
    if (this.gaps === undefined) return NO_GAPS;
    const gaps = [...this.gaps.values()];
    this.gaps = undefined;
    return gaps;
  }
}
