import { deepEqual, equal, rejects } from 'node:assert/strict';
import type { NewLetter } from '../core/letter-store-port.ts';
import type { Frame } from '../core/source-port.ts';
import { assigned, type Contract, fill, messagesOf, take, WITHIN_MS } from './contract-steps.ts';
import type { SourceRig } from './source-rig.ts';

/** What holds of the store in which the dead letters of a source last. */
export const letterContract: Contract = [
  {
    needs: ['letters', 'killable'],
    checks: {
      async 'a death between a letter and the commit: the frame comes again under its position, and its letter is one'(
        rig,
      ) {
        await fill(rig, 2);
        const [first] = await take(await assigned(rig), 2);
        await rig.letters.add(letterOf(first));
        await rig.kill();
        const partition = await assigned(rig);
        const [again] = await take(partition, 2);
        await rig.letters.add(letterOf(again));
        deepEqual(await idsIn(rig), [letterOf(first).id]);
        equal(await partition.commit(again?.position ?? 0, WITHIN_MS), 'kept');
        await rig.kill();
        deepEqual(await idsIn(rig), [letterOf(first).id]);
        deepEqual(messagesOf(await take(await assigned(rig), 1)), [2, -2]);
      },
    },
  },
  {
    needs: ['letters'],
    checks: {
      async 'letters outlive a restart, the oldest first, with what was written and their replays'(rig) {
        for (const n of [2, 1, 3]) await rig.letters.add(numbered(n));
        await rig.letters.add({ ...numbered(2), attempts: 9 });
        await rig.letters.markReplayed(['letter 2', 'none'], 50);
        await rig.restart();
        const letters = await rig.letters.list();
        const { error, ...rest } = letters[1] ?? {};
        deepEqual(rest, { ...written(2), replays: 1, replayedAt: 50 });
        equal(error instanceof Error ? error.message : error, 'sink says 2');
        deepEqual(await idsIn(rig), ['letter 1', 'letter 2', 'letter 3']);
        deepEqual(
          (await rig.letters.list({ since: 2, limit: 1 })).map(({ id }) => id),
          ['letter 2'],
        );
        deepEqual(await rig.letters.list({ channel: null }), []);
      },
      async 'a full store rejects and evicts nothing; dropped letters make room, and stay away'(rig) {
        const max = rig.lettersMax;
        for (let n = 1; n <= max; n++) await rig.letters.add(numbered(n));
        await rejects(rig.letters.add(numbered(max + 1)));
        await rig.letters.add(numbered(max));
        equal((await idsIn(rig)).length, max);
        equal(await rig.letters.drop({ id: 'letter 1' }), 1);
        await rig.letters.add(numbered(max + 1));
        await rig.restart();
        const left = Array.from({ length: max }, (_, index) => `letter ${index + 2}`);
        deepEqual(await idsIn(rig), left);
        equal(await rig.letters.drop(), max);
        deepEqual(await idsIn(rig), []);
      },
    },
  },
];

async function idsIn(rig: Required<SourceRig>): Promise<readonly string[]> {
  return (await rig.letters.list()).map(({ id }) => id);
}

/** Of the first message of a frame, as a router names it. */
function letterOf(frame: Frame | undefined): NewLetter {
  return { ...numbered(1), id: `source/0/${frame?.position}/0`, message: frame?.messages()[0] };
}

function numbered(n: number): NewLetter {
  return { ...written(n), error: new Error(`sink says ${n}`) };
}

function written(n: number): Omit<NewLetter, 'error'> {
  return { id: `letter ${n}`, channel: 'trades', reason: 'poison', message: { n }, attempts: 3, at: n };
}
