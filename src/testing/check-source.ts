import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import { createRandom } from '../core/random.ts';
import type { Assigned, Frame, Source } from '../core/source-port.ts';

/** What not every source has: a check that needs a missing one says so. */
export type SourceFeature = 'killable' | 'fenced' | 'revocable' | 'gaps' | 'undecodable';

/** A source under test, and what a test does to it. */
export interface SourceRig {
  /** That of the process that lives now. */
  readonly source: Source;
  /** Adds one frame to the first partition; resolves when it can be read. */
  append(messages: readonly unknown[]): Promise<void>;
  /** Lets time go by, on the clock that the source has. */
  advance(ms: number): Promise<void>;
  /** Closes the source and opens it again as another process would. */
  restart(): Promise<void>;
  /** `killable`: the process dies without a word, and `source` is that of the next one. */
  kill?(): Promise<void>;
  /** `revocable`: asks the owner for its partition. */
  revoke?(withinMs: number): Promise<void>;
  /** `gaps`: removes the first frames that were not read. */
  remove?(count: number): Promise<void>;
  /** `undecodable`: adds a frame that says nothing. */
  appendBytes?(bytes: Uint8Array): Promise<void>;
  /** Lets go of everything. */
  end(): Promise<void>;
}

/** One sentence about sources that holds or not. */
export interface SourceCheck {
  readonly name: string;
  /** What this source would need for it; undefined: it can be run. */
  readonly missing: SourceFeature | undefined;
  /** Rejects with what was wrong. */
  run(): Promise<void>;
}

type Body = (rig: Required<SourceRig>) => Promise<void>;

const room = { frames: 1_000, bytes: 10_000_000 };
const open = new AbortController().signal;
const WITHIN_MS = 10_000;

/**
 * The contract of the port `Source`, as checks that any test runner can run: `for (const { name, missing, run } of
 * checkSource(make, ['killable'])) it.skipIf(missing)(name, run)`. Each check makes a source of its own, which is empty.
 */
export function checkSource(
  make: () => Promise<SourceRig>,
  features: readonly SourceFeature[],
): readonly SourceCheck[] {
  return checks.map(([name, body, ...needs]) => ({
    name,
    missing: needs.find((feature) => !features.includes(feature)),
    async run() {
      const rig = await make();
      try {
        // Checks that call what is optional need the feature for it.
        await body(rig as Required<SourceRig>);
      } finally {
        await rig.end();
      }
    },
  }));
}

/** Starts the source; its first partition. */
async function assigned(
  rig: SourceRig,
  revoke: (partition: Assigned) => Promise<void> = async () => {},
): Promise<Assigned> {
  const partitions: Assigned[] = [];
  await rig.source.start({ assigned: (partition) => partitions.push(partition), revoke });
  const [first] = partitions;
  ok(first, 'start must assign a partition that is free before it resolves');
  return first;
}

async function fill(rig: SourceRig, frames: number): Promise<void> {
  for (let n = 1; n <= frames; n++) await rig.append([n, -n]);
}

/** The next frames, read one `read` after the other. */
async function take(partition: Assigned, count: number): Promise<readonly Frame[]> {
  const frames: Frame[] = [];
  while (frames.length < count) {
    const more = await partition.read({ ...room, frames: count - frames.length }, open);
    ok(more.length > 0, `expected ${count} frames, got ${frames.length}`);
    frames.push(...more);
  }
  return frames;
}

const messagesOf = (frames: readonly Frame[]): readonly unknown[] => frames.flatMap((frame) => frame.messages());
const positionsOf = (frames: readonly Frame[]): readonly number[] => frames.map(({ position }) => position);
/** As `fill` made them, from one number to another. */
const filled = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => [from + index, -from - index]).flat();

function last(frames: readonly Frame[]): number {
  return frames.at(-1)?.position ?? 0;
}

/** No frame is there: time has to go by, or the wait must end by itself. */
async function readsNothing(rig: SourceRig, partition: Assigned): Promise<void> {
  const [frames] = await Promise.all([partition.read(room, open), rig.advance(1_000)]);
  deepEqual(messagesOf(frames), []);
}

const checks: readonly (readonly [name: string, body: Body, ...needs: SourceFeature[]])[] = [
  [
    'every message comes once, in order, as it was',
    async (rig) => {
      const odd = [{ text: 'ü\n\u0000"', deep: [{ n: 1.5, no: null, yes: true }] }, [], '', 0, null];
      await rig.append(odd);
      await fill(rig, 50);
      const frames = await take(await assigned(rig), 51);
      deepEqual(messagesOf(frames), [...odd, ...filled(1, 50)]);
    },
  ],
  [
    'positions grow, also over a restart',
    async (rig) => {
      await fill(rig, 3);
      const before = await take(await assigned(rig), 3);
      await rig.restart();
      await rig.append(['new']);
      const after = await take(await assigned(rig), 4);
      const all = [...positionsOf(before), last(after)];
      ok(
        all.every((position, index) => index === 0 || position > (all[index - 1] ?? 0)),
        `positions ${all}`,
      );
    },
  ],
  [
    'a frame that comes while a read waits is read at once',
    async (rig) => {
      const partition = await assigned(rig);
      const reading = partition.read(room, open);
      await rig.append(['new']);
      deepEqual(messagesOf(await reading), ['new']);
    },
  ],
  [
    'a read brings at most its room, but at least one frame',
    async (rig) => {
      await fill(rig, 10);
      const partition = await assigned(rig);
      equal((await partition.read({ ...room, frames: 4 }, open)).length, 4);
      equal((await partition.read({ ...room, bytes: 1 }, open)).length, 1);
      deepEqual(messagesOf(await take(partition, 5)), filled(6, 10));
    },
  ],
  [
    'a read of nothing resolves with none after a second, and at once when its signal says so',
    async (rig) => {
      const partition = await assigned(rig);
      await readsNothing(rig, partition);
      const abort = new AbortController();
      const reading = partition.read(room, abort.signal);
      abort.abort();
      deepEqual(await reading, []);
      deepEqual(await partition.read(room, abort.signal), []);
    },
  ],
  [
    'what nobody reads is all there later',
    async (rig) => {
      const partition = await assigned(rig);
      await fill(rig, 300);
      await rig.advance(60_000);
      deepEqual(messagesOf(await take(partition, 300)), filled(1, 300));
    },
  ],
  [
    'restarted with nothing committed: all again, in the same order, with the same positions',
    async (rig) => {
      await fill(rig, 20);
      const before = await take(await assigned(rig), 20);
      await rig.restart();
      const after = await take(await assigned(rig), 20);
      deepEqual([positionsOf(after), messagesOf(after)], [positionsOf(before), messagesOf(before)]);
    },
  ],
  [
    'committed, then restarted: exactly the rest',
    async (rig) => {
      await fill(rig, 20);
      const partition = await assigned(rig);
      equal(await partition.commit(last(await take(partition, 7)), WITHIN_MS), 'kept');
      await rig.restart();
      const next = await assigned(rig);
      deepEqual(messagesOf(await take(next, 13)), filled(8, 20));
      await readsNothing(rig, next);
    },
  ],
  [
    'committed twice, or an older one after a later one: kept, and nothing comes back',
    async (rig) => {
      await fill(rig, 5);
      const partition = await assigned(rig);
      const [first, , , fourth] = await take(partition, 5);
      const outcomes = [fourth, first, fourth].map((frame) => partition.commit(frame?.position ?? 0, WITHIN_MS));
      deepEqual(await Promise.all(outcomes), ['kept', 'kept', 'kept']);
      await rig.restart();
      deepEqual(messagesOf(await take(await assigned(rig), 1)), filled(5, 5));
    },
  ],
  [
    'settled in any order: a restart brings what is above the longest settled prefix',
    async (rig) => {
      const random = createRandom(1);
      let settledUpTo = 0;
      let total = 0;
      for (let round = 0; round < 8; round++) {
        for (let n = 0; n < 10; n++) await rig.append([++total]);
        const partition = await assigned(rig);
        const frames = await take(partition, total - settledUpTo);
        deepEqual(messagesOf(frames)[0], settledUpTo + 1, `round ${round}`);
        const settled = frames.map(() => random() < 0.8);
        const prefix = settled.includes(false) ? settled.indexOf(false) : settled.length;
        for (let count = 1; count <= prefix; count++)
          equal(await partition.commit(frames[count - 1]?.position ?? 0, WITHIN_MS), 'kept');
        settledUpTo += prefix;
        await rig.restart();
      }
    },
  ],
  [
    'a release keeps its position and ends the stay: it writes and reads nothing more',
    async (rig) => {
      await fill(rig, 5);
      const partition = await assigned(rig);
      const frames = await take(partition, 5);
      equal(await partition.release(frames[2]?.position, WITHIN_MS), 'kept');
      equal(await partition.commit(last(frames), WITHIN_MS), 'lost');
      equal(await partition.release(undefined, WITHIN_MS), 'lost');
      deepEqual(await partition.read(room, open), []);
      await rig.restart();
      const next = await assigned(rig);
      deepEqual([next.takeovers, messagesOf(await take(next, 2))], [0, filled(4, 5)]);
    },
  ],
  [
    'the fence grows with every stay; a stay that was released or closed is no death',
    async (rig) => {
      const fences: number[] = [];
      for (let round = 0; round < 3; round++) {
        const partition = await assigned(rig);
        equal(partition.takeovers, 0);
        fences.push(partition.fence);
        await rig.restart();
      }
      const [a = 0, b = 0, c = 0] = fences;
      ok(a < b && b < c, `fences ${fences}`);
    },
  ],
  [
    'a source that is started cannot be started again, and can after it was closed',
    async (rig) => {
      await assigned(rig);
      await rejects(assigned(rig));
      await rig.source.close(WITHIN_MS);
      await assigned(rig);
    },
  ],
  [
    'close ends the stay, also a read that waits; it may be called twice, and before a start',
    async (rig) => {
      await rig.source.close(WITHIN_MS);
      const partition = await assigned(rig);
      const reading = partition.read(room, open);
      await rig.source.close(WITHIN_MS);
      await rig.source.close(WITHIN_MS);
      deepEqual(await reading, []);
      ok(partition.lost.aborted, 'lost must abort');
      equal(await partition.commit(0, WITHIN_MS), 'lost');
    },
  ],
  [
    'a death without a commit: all again; takeovers are counted until the position moves',
    async (rig) => {
      await fill(rig, 3);
      for (const deaths of [0, 1, 2]) {
        const partition = await assigned(rig);
        equal(partition.takeovers, deaths);
        deepEqual(messagesOf(await take(partition, 3)), filled(1, 3));
        await rig.kill();
      }
      const partition = await assigned(rig);
      const [frame] = await take(partition, 3);
      await partition.commit(frame?.position ?? 0, WITHIN_MS);
      await rig.kill();
      equal((await assigned(rig)).takeovers, 1);
    },
    'killable',
  ],
  [
    'a mark survives a death, and goes with a commit or a release',
    async (rig) => {
      await fill(rig, 3);
      const partition = await assigned(rig);
      const [frame] = await take(partition, 3);
      const place = { position: frame?.position ?? 0, index: 1 };
      equal(await partition.mark(place, WITHIN_MS), 'kept');
      await rig.kill();
      const next = await assigned(rig);
      deepEqual(next.marked, place);
      await take(next, 1);
      await next.commit(place.position, WITHIN_MS);
      await rig.kill();
      equal((await assigned(rig)).marked, undefined);
    },
    'killable',
  ],
  [
    'the commit of a former owner is lost and changes nothing',
    async (rig) => {
      await fill(rig, 5);
      const former = await assigned(rig);
      const frames = await take(former, 5);
      await rig.kill();
      const partition = await assigned(rig);
      ok(partition.fence > former.fence, 'the fence must grow');
      equal(await former.commit(last(frames), WITHIN_MS), 'lost');
      equal(await former.mark({ position: last(frames), index: 0 }, WITHIN_MS), 'lost');
      equal(await former.release(last(frames), WITHIN_MS), 'lost');
      deepEqual(messagesOf(await take(partition, 5)), filled(1, 5));
    },
    'killable',
    'fenced',
  ],
  [
    'revoked: the owner is asked, and what it released does not come again',
    async (rig) => {
      await fill(rig, 5);
      const asked: Assigned[] = [];
      const partition = await assigned(rig, async (revoked) => {
        asked.push(revoked);
        equal(await revoked.release(last(await take(revoked, 3)), WITHIN_MS), 'kept');
      });
      await rig.revoke(WITHIN_MS);
      deepEqual(asked, [partition]);
      await rig.restart();
      deepEqual(messagesOf(await take(await assigned(rig), 2)), filled(4, 5));
    },
    'revocable',
  ],
  [
    'revoked and not released in time: lost',
    async (rig) => {
      const partition = await assigned(rig, () => new Promise(() => {}));
      await Promise.all([rig.revoke(100), rig.advance(100)]);
      ok(partition.lost.aborted, 'lost must abort');
      equal(await partition.commit(0, WITHIN_MS), 'lost');
    },
    'revocable',
  ],
  [
    'frames that were removed unread are a gap with their positions',
    async (rig) => {
      await fill(rig, 6);
      const partition = await assigned(rig);
      const first = last(await take(partition, 2));
      await rig.remove(3);
      const [frame] = await take(partition, 1);
      deepEqual(frame?.messages(), [6, -6]);
      deepEqual(frame?.gap, { from: first + 1, to: (frame?.position ?? 0) - 1 });
    },
    'gaps',
  ],
  [
    'a frame that says nothing throws when it is asked for messages, and its neighbours do not',
    async (rig) => {
      await rig.append([1]);
      await rig.appendBytes(Uint8Array.of(255, 0, 255));
      await rig.append([3]);
      const [before, broken, after] = await take(await assigned(rig), 3);
      deepEqual([before?.messages(), after?.messages()], [[1], [3]]);
      throws(() => broken?.messages());
      ok((broken?.bytes.length ?? 0) > 0, 'its bytes must be there');
    },
    'undecodable',
  ],
];
