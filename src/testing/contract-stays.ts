import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import type { Assigned } from '../core/source-port.ts';
import type { Contract } from './contract-steps.ts';
import { assigned, fill, filled, last, messagesOf, open, room, take, WITHIN_MS } from './contract-steps.ts';

/** What holds of stays: their end, death, loss, and what was lost meanwhile. */
export const stayContract: Contract = [
  {
    needs: [],
    checks: {
      async 'a release keeps its position and ends the stay: it writes and reads nothing more'(rig) {
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
      async 'the fence grows with every stay; a stay that was released or closed is no death'(rig) {
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
      async 'a source that is started cannot be started again, and can after it was closed'(rig) {
        await assigned(rig);
        await rejects(assigned(rig));
        await rig.source.close(WITHIN_MS);
        await assigned(rig);
      },
      async 'close ends the stay, also a read that waits; it may be called twice, and before a start'(rig) {
        await rig.source.close(WITHIN_MS);
        const partition = await assigned(rig);
        const reading = partition.read(room, open);
        await rig.source.close(WITHIN_MS);
        await rig.source.close(WITHIN_MS);
        deepEqual(await reading, []);
        ok(partition.lost.aborted, 'lost must abort');
        equal(await partition.commit(0, WITHIN_MS), 'lost');
      },
    },
  },
  {
    needs: ['killable'],
    checks: {
      async 'a death without a commit: all again; takeovers are counted until the position moves'(rig) {
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
      async 'a mark survives a death, and goes with a commit or a release'(rig) {
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
    },
  },
  {
    needs: ['killable', 'fenced'],
    checks: {
      async 'the commit of a former owner is lost and changes nothing'(rig) {
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
    },
  },
  {
    needs: ['revocable'],
    checks: {
      async 'revoked: the owner is asked, and what it released does not come again'(rig) {
        await fill(rig, 5);
        const asked: Assigned[] = [];
        const partition = await assigned(rig, async (revoked) => {
          asked.push(revoked);
          equal(await revoked.release(last(await take(revoked, 3)), WITHIN_MS), 'kept');
        });
        await rig.revoke(WITHIN_MS);
        deepEqual(
          asked.map(({ partition: asked, fence }) => [asked, fence]),
          [[partition.partition, partition.fence]],
        );
        await rig.restart();
        deepEqual(messagesOf(await take(await assigned(rig), 2)), filled(4, 5));
      },
      async 'revoked and not released in time: lost'(rig) {
        const partition = await assigned(rig, () => new Promise(() => {}));
        await Promise.all([rig.revoke(100), rig.advance(100)]);
        ok(partition.lost.aborted, 'lost must abort');
        equal(await partition.commit(0, WITHIN_MS), 'lost');
      },
    },
  },
  {
    needs: ['gaps'],
    checks: {
      async 'frames that were removed unread are a gap with their positions'(rig) {
        await fill(rig, 6);
        const partition = await assigned(rig);
        const first = last(await take(partition, 2));
        await rig.remove(3);
        const [frame] = await take(partition, 1);
        deepEqual(frame?.messages(), [6, -6]);
        deepEqual(frame?.gap, { from: first + 1, to: (frame?.position ?? 0) - 1 });
      },
    },
  },
  {
    needs: ['undecodable'],
    checks: {
      async 'a frame that says nothing throws when it is asked for messages, and its neighbours do not'(rig) {
        await rig.append([1]);
        await rig.appendBytes(Uint8Array.of(255, 0, 255));
        await rig.append([3]);
        const [before, broken, after] = await take(await assigned(rig), 3);
        deepEqual([before?.messages(), after?.messages()], [[1], [3]]);
        throws(() => broken?.messages());
        ok((broken?.bytes.length ?? 0) > 0, 'its bytes must be there');
      },
    },
  },
];
