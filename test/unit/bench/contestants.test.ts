import { describe, expect, it } from 'vitest';
import { seenBy } from '../../bench/check.ts';
import type { Open } from '../../bench/contestant.ts';
import { loadGuarded, loadPeer } from '../../bench/contestants.ts';
import { type Message, mixedType } from '../../bench/message.ts';
import { Producer } from '../../bench/producer.ts';
import { poolOf } from '../../bench/supply.ts';
import { asyncProcess, checksOf, failingProcess, lanesOf, syncProcess } from '../../bench/workload.ts';

const peers = ['bare', 'hand', 'fastq', 'p-queue', 'writable', 'effect', 'rxjs', 'sluice'];
const guarded = ['hand', 'hand+cockatiel', 'hand+opossum', 'fastq', 'effect', 'rxjs', 'sluice'];

async function deliver(open: Open, batchSize: number, processOf = asyncProcess, patienceMs = 5_000): Promise<number> {
  const supply = poolOf(2_000, mixedType);
  const checks = checksOf(supply);
  const lane = { batchSize, timeoutMs: 100, capacity: 1_000 };
  const intake = await open(lanesOf(checks, processOf, { T: lane, AM: lane, FMV: lane }));
  const producer = new Producer(supply, intake, checks);
  for (let slice = 0; slice < 6; slice += 1) await producer.slice();
  await producer.settle(patienceMs);
  await intake.close();
  return seenBy(checks);
}

it.each(peers)('%s delivers every message once and in order, batched and one by one, sync too', async (name) => {
  const open = await loadPeer(name);
  expect(await deliver(open, 100)).toBe(6_000);
  expect(await deliver(open, 1)).toBe(6_000);
  expect(await deliver(open, 1, syncProcess)).toBe(6_000);
});

it.each(guarded)('%s, guarded, delivers what fails once in a hundred calls', async (name) => {
  expect(await deliver(await loadGuarded(name), 10, failingProcess)).toBe(6_000);
});

it.each([
  ['nobody', "no contestant 'nobody'; there is bare"],
  ['hand+nobody', "no guard 'nobody'; there is hand"],
])('%s is refused with who there is', async (name, text) => {
  await expect(loadGuarded(name)).rejects.toThrow(text);
});

describe('a contestant', () => {
  /** Hands over each message at once, as often as `times` says; undefined: there is no room now. */
  function wrong(times: (message: Message, pushes: number) => number | undefined): Open {
    return (lanes) => {
      let pushes = 0;
      return {
        push(message) {
          pushes += 1;
          const count = times(message, pushes);
          const lane = lanes.find(({ type }) => type === message.ev);
          for (let left = count ?? 0; left > 0; left -= 1) lane?.process([message])?.catch(() => {});
          return count !== undefined;
        },
        room: () => new Promise((resolve) => setImmediate(resolve)),
        async close() {},
      };
    };
  }

  it.each([
    ['loses the last message', 0, '1 of 6000 messages are missing'],
    ['delivers one twice', 2, 'FMV: after 300 messages number 99 came where 0 was due'],
  ])('that %s fails', async (_, count, text) => {
    let last = 0;
    const open = wrong(({ ev, n }) => (ev === 'FMV' && n === 99 && ++last === 3 ? count : 1));
    await expect(deliver(open, 1, asyncProcess, 50)).rejects.toThrow(text);
  });

  it('that has no room now and then does not fail', async () => {
    expect(
      await deliver(
        wrong((__, pushes) => (pushes % 3 === 0 ? undefined : 1)),
        1,
      ),
    ).toBe(6_000);
  });
});
