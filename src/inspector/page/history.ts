import type { ClusterView } from '../../core/cluster-view.ts';
import type { ChannelRow, Entry, Frame, Hello, Spread, Tick } from '../protocol.ts';

const FRAMES_MAX = 1_200;
const ENTRIES_MAX = 3_000;
/** A frame stands for the time up to the next frame, but not for longer than this, in ms. */
const GAP_MS = 3_000;
/** Rates are averaged over this time, in ms, so that they do not flicker. */
const RATE_MS = 1_000;
const SPREAD_MS = 3_000;

/** How fast a channel works. */
export interface Rates {
  readonly received: number;
  readonly delivered: number;
}

/** What the page remembers: frames and entries, both bounded, in order. */
export class History {
  readonly frames: Frame[] = [];
  readonly entries: Entry[] = [];
  config: unknown;
  /** As they are now. */
  clusters: Readonly<Record<string, ClusterView>> = {};

  /** A new stream repeats what is known; frames and entries that are here already stay. */
  begin({ clusters = {}, frames, entries, config }: Hello): void {
    const lastAt = this.frames.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
    // A router that was started anew counts its entries from 1 again.
    if ((entries.at(-1)?.id ?? 0) < (this.entries.at(-1)?.id ?? 0)) this.entries.length = 0;
    const lastId = this.entries.at(-1)?.id ?? 0;
    this.frames.push(...frames.filter(({ at }) => at > lastAt));
    this.entries.push(...entries.filter(({ id }) => id > lastId));
    this.config = config;
    this.clusters = clusters;
    this.#trim();
  }

  add({ clusters = {}, frame, entries, config }: Tick): void {
    this.frames.push(frame);
    this.entries.push(...entries);
    if (config !== undefined) this.config = config;
    this.clusters = clusters;
    this.#trim();
  }

  get now(): number {
    return this.frames.at(-1)?.at ?? 0;
  }

  /** The frame of a moment; undefined: no page was open. */
  frameAt(at: number): Frame | undefined {
    const index = this.#indexAt(at);
    const frame = this.frames[index];
    return frame !== undefined && at - frame.at <= GAP_MS ? frame : undefined;
  }

  /** Messages per second over the second before a moment. */
  ratesAt(name: string, at: number): Rates | undefined {
    const last = this.frames[this.#indexAt(at)];
    if (last === undefined) return undefined;
    const before = this.frames[Math.max(0, this.#indexAt(last.at - RATE_MS))];
    if (before === undefined || last.at - before.at > GAP_MS) return undefined;
    const seconds = (last.at - before.at) / 1_000;
    const [to, from] = [rowOf(last, name), rowOf(before, name)];
    if (seconds === 0 || to === undefined || from === undefined) return undefined;
    const rate = (after: number, earlier: number): number => Math.max(0, (after - earlier) / seconds);
    return { received: rate(to.received, from.received), delivered: rate(to.delivered, from.delivered) };
  }

  /** How long messages waited and calls took lately: the last median, and the worst p99 of some seconds. */
  spreadAt(name: string, at: number, of: 'queueing' | 'processing'): Spread | undefined {
    const measured = this.before(at, SPREAD_MS).flatMap((frame) => rowOf(frame, name)?.[of] ?? []);
    const last = measured.at(-1);
    return last && { p50Ms: last.p50Ms, p99Ms: Math.max(...measured.map(({ p99Ms }) => p99Ms)) };
  }

  /** The frames of the last so many ms before a moment, oldest first. */
  before(at: number, ms: number): readonly Frame[] {
    return this.frames.slice(this.#indexAt(at - ms) + 1, this.#indexAt(at) + 1);
  }

  /** The last transition of a channel, any of its partitions, up to a moment; null: of the router. */
  lastTransition(channel: string | null, at: number): Entry | undefined {
    return this.entries.findLast((entry) => entry.kind === 'state' && entry.at <= at && isAbout(entry, channel));
  }

  #indexAt(at: number): number {
    let [low, high] = [0, this.frames.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.frames[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #trim(): void {
    if (this.frames.length > FRAMES_MAX) this.frames.splice(0, this.frames.length - FRAMES_MAX);
    if (this.entries.length > ENTRIES_MAX) this.entries.splice(0, this.entries.length - ENTRIES_MAX);
  }
}

export function rowOf(frame: Frame | undefined, name: string): ChannelRow | undefined {
  return frame?.channels.find((row) => row.name === name);
}

/** Whether an entry is about a channel or one of its partitions. */
export function isAbout({ channel }: Entry, name: string | null): boolean {
  return channel === name || (name !== null && channel?.startsWith(`${name}/`) === true);
}
