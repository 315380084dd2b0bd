import type { GapReason } from './overflow.ts';

const KEYS_MAX = 1_000;
const OTHER_KEYS = '*';
export const NO_GAPS: readonly Gap[] = Object.freeze([]);

/** The evidence of a loss: `count` messages of `key`, the first and last of which were accepted as `from` and `to`. */
export interface Gap {
  readonly channel: string;
  /** '*' stands for all keys beyond the first 1,000 between two batches. */
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly reason: GapReason;
}

/** Collects losses between two batches; those of one key and reason become one gap. */
export class GapLog {
  private readonly channel: string;
  /** In the order of their first loss; undefined: there is none. */
  private gaps: Map<string, { -readonly [Field in keyof Gap]: Gap[Field] }> | undefined;

  constructor(channel: string) {
    this.channel = channel;
  }

  get isEmpty(): boolean {
    return this.gaps === undefined;
  }

  add(reason: GapReason, key: string, sequence: number): void {
    this.merge({ channel: this.channel, key, from: sequence, to: sequence, count: 1, reason });
  }

  /** Adds losses that another log collected. */
  merge({ key, from, to, count, reason }: Gap): void {
    this.gaps ??= new Map();
    const name = this.gaps.size < KEYS_MAX || this.gaps.has(`${reason} ${key}`) ? key : OTHER_KEYS;
    let gap = this.gaps.get(`${reason} ${name}`);
    if (gap === undefined) {
      gap = { channel: this.channel, key: name, from, to, count: 0, reason };
      this.gaps.set(`${reason} ${name}`, gap);
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
