import type { ClusterSource } from '../../src/cluster/cluster-source.ts';
import { encodeFrame } from '../../src/cluster/frame.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { Assigned } from '../../src/core/source-port.ts';
import type { SourceRig } from '../../src/testing/source-rig.ts';
import { mortalClock } from './mortal-clock.ts';

/** A cluster of one partition. */
interface ClusterUnderTest extends Required<Pick<SourceRig, 'letters' | 'lettersMax'>> {
  readonly clock: Clock;
  /** A source of one more member. */
  join(clock: Clock): ClusterSource;
  append(frame: Uint8Array): Promise<void>;
  removeUpTo(position: number): Promise<void>;
  advance(ms: number): Promise<void>;
  end?(): Promise<void>;
}

/** One member of a cluster: its clock stands still when it is killed, and others take over or ask for its partition. */
export async function memberRig(cluster: ClusterUnderTest): Promise<Required<SourceRig>> {
  const members: ClusterSource[] = [];
  let mortal = mortalClock(cluster.clock);
  let isAssigned = false;
  let read = 0;
  const join = (): ClusterSource => {
    mortal = mortalClock(cluster.clock);
    const source = cluster.join(mortal);
    members.push(source);
    return source;
  };
  const until = async (holds: () => boolean): Promise<void> => {
    for (let step = 0; step < 100 && !holds(); step++) await cluster.advance(50);
  };
  const closeAll = async (): Promise<void> => {
    for (const member of members.splice(0)) await member.close(2_000);
  };
  let source = join();
  return {
    source: {
      async start(owner) {
        isAssigned = false;
        await source.start({
          revoke: owner.revoke,
          assigned(partition) {
            isAssigned = true;
            owner.assigned(noting(partition, (position) => (read = position)));
          },
        });
        // Who was killed has the partition until its lease is over.
        await until(() => isAssigned);
      },
      close: (withinMs) => source.close(withinMs),
    },
    append: (messages) =>
      cluster.append(
        encodeFrame(
          messages.map((message) => JSON.stringify(message)),
          1,
        ),
      ),
    letters: cluster.letters,
    lettersMax: cluster.lettersMax,
    appendBytes: (bytes) => cluster.append(bytes),
    remove: (count) => cluster.removeUpTo(read + count),
    advance: (ms) => cluster.advance(ms),
    async restart() {
      await closeAll();
      source = join();
    },
    async kill() {
      mortal.kill();
      members.length = 0;
      source = join();
    },
    // Members join until one of them is to have the partition.
    async revoke() {
      let isTaken = false;
      while (!isTaken) {
        const other = cluster.join(cluster.clock);
        members.push(other);
        await other.start({
          assigned: () => {
            isTaken = true;
          },
          revoke: async () => {},
        });
        const isChosen = other.partitions()[0]?.state !== 'standby';
        if (isChosen) await until(() => isTaken);
        if (!isTaken) await other.close(2_000);
      }
    },
    async end() {
      await closeAll();
      await cluster.end?.();
    },
  };
}

/** Tells what was read. */
function noting(partition: Assigned, note: (position: number) => void): Assigned {
  return new Proxy(partition, {
    get(target, key) {
      if (key === 'read')
        return async (...args: Parameters<Assigned['read']>) => {
          const frames = await target.read(...args);
          note(frames.at(-1)?.position ?? 0);
          return frames;
        };
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
