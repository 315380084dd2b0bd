import { deepEqual, equal, ok } from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { createRandom } from '../core/random.ts';
import {
  assigned,
  type Contract,
  fill,
  filled,
  last,
  messagesOf,
  open,
  positionsOf,
  readsNothing,
  room,
  take,
  WITHIN_MS,
} from './contract-steps.ts';

/** What holds of frames: order, room, commits. */
export const frameContract: Contract = [
  {
    needs: [],
    checks: {
      async 'every message comes once, in order, as it was'(rig) {
        const odd = [{ text: 'ü\n\u0000"', deep: [{ n: 1.5, no: null, yes: true }] }, [], '', 0, null];
        await rig.append(odd);
        await fill(rig, 50);
        const frames = await take(await assigned(rig), 51);
        deepEqual(messagesOf(frames), [...odd, ...filled(1, 50)]);
      },
      async 'positions grow, also over a restart'(rig) {
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
      async 'a frame that comes while a read waits is read at once'(rig) {
        const partition = await assigned(rig);
        const reading = partition.read(room, open);
        await rig.append(['new']);
        deepEqual(messagesOf(await reading), ['new']);
      },
      async 'a read leaves no listener on its signal'(rig) {
        const partition = await assigned(rig);
        const { signal } = new AbortController();
        for (let reads = 0; reads < 2; reads += 1)
          await Promise.all([partition.read(room, signal), rig.advance(1_000)]);
        equal(getEventListeners(signal, 'abort').length, 0);
      },
      async 'a read brings at most its room, but at least one frame'(rig) {
        await fill(rig, 10);
        const partition = await assigned(rig);
        const few = await partition.read({ ...room, frames: 4 }, open);
        ok(few.length >= 1 && few.length <= 4, `${few.length} frames`);
        const one = await partition.read({ ...room, bytes: 1 }, open);
        equal(one.length, 1);
        deepEqual(messagesOf([...few, ...one, ...(await take(partition, 9 - few.length))]), filled(1, 10));
      },
      async 'a read of nothing resolves with none after a second, and at once when its signal says so'(rig) {
        const partition = await assigned(rig);
        await readsNothing(rig, partition);
        const abort = new AbortController();
        const reading = partition.read(room, abort.signal);
        abort.abort();
        deepEqual(await reading, []);
        deepEqual(await partition.read(room, abort.signal), []);
      },
      async 'what nobody reads is all there later'(rig) {
        const partition = await assigned(rig);
        await fill(rig, 300);
        await rig.advance(60_000);
        deepEqual(messagesOf(await take(partition, 300)), filled(1, 300));
      },
      async 'restarted with nothing committed: all again, in the same order, with the same positions'(rig) {
        await fill(rig, 20);
        const before = await take(await assigned(rig), 20);
        await rig.restart();
        const after = await take(await assigned(rig), 20);
        deepEqual([positionsOf(after), messagesOf(after)], [positionsOf(before), messagesOf(before)]);
      },
      async 'committed, then restarted: exactly the rest'(rig) {
        await fill(rig, 20);
        const partition = await assigned(rig);
        equal(await partition.commit(last(await take(partition, 7)), WITHIN_MS), 'kept');
        await rig.restart();
        const next = await assigned(rig);
        deepEqual(messagesOf(await take(next, 13)), filled(8, 20));
        await readsNothing(rig, next);
      },
      async 'committed twice, or an older one after a later one: kept, and nothing comes back'(rig) {
        await fill(rig, 5);
        const partition = await assigned(rig);
        const [first, , , fourth] = await take(partition, 5);
        const outcomes = [fourth, fourth, first].map((frame) => partition.commit(frame?.position ?? 0, WITHIN_MS));
        deepEqual(await Promise.all(outcomes), ['kept', 'kept', 'kept']);
        await rig.restart();
        deepEqual(messagesOf(await take(await assigned(rig), 1)), filled(5, 5));
      },
      async 'settled in any order: a restart brings what is above the longest settled prefix'(rig) {
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
    },
  },
];
