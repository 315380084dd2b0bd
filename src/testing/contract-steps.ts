import { deepEqual, ok } from 'node:assert/strict';
import type { Assigned, Frame } from '../core/source-port.ts';
import type { SourceFeature, SourceRig } from './source-rig.ts';

/** Sentences about sources and how each is tried, by the features that a source needs for them. */
export type Contract = readonly {
  readonly needs: readonly SourceFeature[];
  readonly checks: Readonly<Record<string, (rig: Required<SourceRig>) => Promise<void>>>;
}[];

export const room = { frames: 1_000, bytes: 10_000_000 };
export const open: AbortSignal = new AbortController().signal;
export const WITHIN_MS = 10_000;

/** Starts the source; its first partition. */
export async function assigned(rig: SourceRig, revoke: (partition: Assigned) => Promise<void> = async () => {}) {
  const partitions: Assigned[] = [];
  await rig.source.start({ assigned: (partition) => partitions.push(partition), revoke });
  const [first] = partitions;
  ok(first, 'start must assign a partition that is free before it resolves');
  return first;
}

export async function fill(rig: SourceRig, frames: number): Promise<void> {
  for (let n = 1; n <= frames; n++) await rig.append([n, -n]);
}

/** The next frames, read one `read` after the other. */
export async function take(partition: Assigned, count: number): Promise<readonly Frame[]> {
  const frames: Frame[] = [];
  while (frames.length < count) {
    const more = await partition.read({ ...room, frames: count - frames.length }, open);
    ok(more.length > 0, `expected ${count} frames, got ${frames.length}`);
    frames.push(...more);
  }
  return frames;
}

export const messagesOf = (frames: readonly Frame[]): readonly unknown[] => frames.flatMap((frame) => frame.messages());
export const positionsOf = (frames: readonly Frame[]): readonly number[] => frames.map(({ position }) => position);
/** As `fill` made them, from one number to another. */
export const filled = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => [from + index, -from - index]).flat();

export function last(frames: readonly Frame[]): number {
  return frames.at(-1)?.position ?? 0;
}

/** No frame is there: time has to go by, or the wait must end by itself. */
export async function readsNothing(rig: SourceRig, partition: Assigned): Promise<void> {
  const [frames] = await Promise.all([partition.read(room, open), rig.advance(1_000)]);
  deepEqual(messagesOf(frames), []);
}
