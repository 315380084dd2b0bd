import { expect, it } from 'vitest';
import type { Clock } from '../../../src/core/clock.ts';
import { createRandom } from '../../../src/core/random.ts';
import type { Assigned, SourceOwner } from '../../../src/core/source-port.ts';
import { memoryBroker } from '../../../src/testing/memory-broker.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { mortalClock } from '../../support/mortal-clock.ts';

const LEASE_MS = 3_000;
const PARTITIONS = 16;

/** When each partition of a killed member was another's, after the kill; perhaps a new member came soon after it. */
async function failoverTimes(seed: number, isReplaced: boolean): Promise<readonly number[]> {
  const random = createRandom(seed);
  const clock = createSimulatedClock();
  const broker = memoryBroker({ clock, partitions: PARTITIONS, seed, faults: { delayMs: 15 } });
  const last = new Map<number, { readonly member: string; readonly at: number }>();
  const join = async (member: string, own: Clock): Promise<void> => {
    const owner: SourceOwner = {
      assigned(stay) {
        last.set(stay.partition, { member, at: clock.now() });
        void commitForever(stay, own);
      },
      revoke: async (stay, withinMs) => void (await stay.release(undefined, withinMs)),
    };
    const started = broker.join({ member, leaseMs: LEASE_MS }, own).source.start(owner);
    await Promise.all([started, clock.advance(4_000)]);
  };
  const killed = mortalClock(clock);
  await join('killed', killed);
  await join('b', clock);
  await join('c', clock);
  await clock.advance(5_000 + random() * 2_000);
  const orphans = [...last].filter(([, { member }]) => member === 'killed').map(([partition]) => partition);
  const killedAt = clock.now();
  killed.kill();
  if (isReplaced) {
    await clock.advance(700);
    await join('its successor', clock);
  }
  await clock.advance(10_000);
  return orphans.map((partition) => (last.get(partition)?.at ?? 0) - killedAt);

  /** Its cell changes all the time, as that of a busy partition does. */
  async function commitForever(stay: Assigned, own: Clock): Promise<void> {
    while (!stay.lost.aborted) {
      await new Promise<void>((resolve) => void own.setTimeout(resolve, 200));
      broker.append([1], stay.partition);
      const frames = await stay.read({ frames: 10, bytes: 1e6 }, new AbortController().signal);
      const position = frames.at(-1)?.position;
      if (position !== undefined) await stay.commit(position, 1_000);
    }
  }
}

it.each([
  ['', false],
  [', also when a new member takes the place of the killed one', true],
])('a partition of a killed member has another owner within its lease and 0.7 s%s', async (_, isReplaced) => {
  const times: number[] = [];
  for (let seed = 1; seed <= 10; seed++) times.push(...(await failoverTimes(seed, isReplaced)));
  times.sort((a, b) => a - b);
  expect(times.length).toBeGreaterThan(50);
  expect(times[0]).toBeGreaterThan(2_000);
  expect(times.at(-1)).toBeLessThanOrEqual(LEASE_MS + 700);
});
