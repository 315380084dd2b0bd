import { describe, expect, it } from 'vitest';
import type { Intake, Open } from '../../bench/contestant.ts';
import { loadGuarded, loadPeer } from '../../bench/contestants.ts';
import { Producer } from '../../bench/drive.ts';
import { type Message, mixedType } from '../../bench/message.ts';
import { Feed, Pool } from '../../bench/supply.ts';
import { lanesFor } from '../../bench/workload.ts';

const peers = ['bare', 'hand', 'fastq', 'fastq-promise', 'p-queue', 'writable', 'writev', 'effect', 'effect-loop'];
const all = [...peers, 'rxjs', 'xstate', 'hand-yielding', 'p-queue-yielding', 'sluice'];
const guarded = [
  'hand',
  'hand+cockatiel',
  'hand+cockatiel-breaker',
  'hand+opossum',
  'fastq',
  'effect',
  'rxjs',
  'sluice',
];

const STALLED_MS = 50;

async function deliver(open: Open, batchSize: number, isSync: boolean, failing = false): Promise<number> {
  const supply = new Pool(2_000, mixedType);
  const { lanes, checks } = lanesFor({ batchSize, isSync }, supply, failing);
  const intake = await open(lanes);
  const producer = new Producer(supply, intake, checks);
  for (let slice = 0; slice < 6; slice += 1) await producer.slice();
  await producer.settle();
  await intake.close();
  return producer.seen;
}

describe.each(all)('%s', (name) => {
  it('delivers every message once and in order, batched', async () => {
    expect(await deliver(await loadPeer(name), 100, false)).toBe(6_000);
  });

  it('delivers every message once and in order, one by one, with a sync handler too', async () => {
    expect(await deliver(await loadPeer(name), 1, false)).toBe(6_000);
    expect(await deliver(await loadPeer(name), 1, true)).toBe(6_000);
  });
});

it.each(guarded)('%s, guarded, delivers what fails once in a hundred calls', async (name) => {
  expect(await deliver(await loadGuarded(name), 10, false, true)).toBe(6_000);
});

it.each([
  ['nobody', "no contestant 'nobody'; there is bare"],
  ['hand+nobody', "no guard 'nobody'; there is hand"],
])('%s is refused with who there is', async (name, text) => {
  await expect(loadGuarded(name)).rejects.toThrow(text);
});

describe('a contestant that is wrong fails', () => {
  /** Hands each message to its check after somebody has tampered with it. */
  function tampering(tamper: (message: Message, deliver: (message: Message) => void) => boolean): Open {
    return (lanes) => {
      const processes = new Map<string, (message: Message) => void>(
        lanes.map(({ type, process }) => [type, (message) => void process([message])]),
      );
      return {
        push: (message) => tamper(message, processes.get(message.ev) ?? (() => {})),
        room: () => new Promise((resolve) => setImmediate(resolve)),
        async close() {},
      } satisfies Intake;
    };
  }

  async function verdictOn(open: Open): Promise<unknown> {
    const supply = new Feed(mixedType);
    const { lanes, checks } = lanesFor({ batchSize: 1, isSync: true }, supply);
    const producer = new Producer(supply, await open(lanes), checks, STALLED_MS);
    return producer.slice().then(() => producer.settle());
  }

  it('when it loses one', async () => {
    const open = tampering((message, pass) => {
      if (message.ev !== 'FMV' || message.n !== 49) pass(message);
      return true;
    });
    await expect(verdictOn(open)).rejects.toThrow('FMV: 1 of 50 messages are missing');
  });

  it('when it delivers one twice', async () => {
    const open = tampering((message, pass) => {
      pass(message);
      if (message.ev === 'AM' && message.n === 149) pass(message);
      return true;
    });
    await expect(verdictOn(open)).rejects.toThrow('AM: after 150 messages number 149 came where 150 was due');
  });

  it('when it never has room', async () => {
    await expect(verdictOn(tampering(() => false))).rejects.toThrow('full, and nothing was delivered for 50 ms');
  });

  it('but not when it is late: what comes after the last push belongs to the window', async () => {
    const late: { readonly message: Message; readonly pass: (message: Message) => void }[] = [];
    const open = tampering((message, pass) => {
      if (late.push({ message, pass }) === 1)
        setImmediate(() =>
          setImmediate(() => {
            for (const each of late.splice(0)) each.pass(each.message);
          }),
        );
      return true;
    });
    const supply = new Feed(mixedType);
    const { lanes, checks } = lanesFor({ batchSize: 1, isSync: true }, supply);
    const producer = new Producer(supply, await open(lanes), checks, STALLED_MS);
    expect(await producer.run(0.001, 1)).toBeGreaterThan(0);
    expect([producer.isSettled, producer.seen % 1_000]).toEqual([true, 0]);
  });

  it('but not when it has no room now and then', async () => {
    let pushes = 0;
    const open = tampering((message, pass) => {
      pushes += 1;
      if (pushes % 3 === 0) return false;
      pass(message);
      return true;
    });
    await expect(verdictOn(open)).resolves.toBeUndefined();
  });
});

it.each([
  ['a pool', () => new Pool(4_000, mixedType)],
  ['a feed', () => new Feed(mixedType)],
])('%s hands out the same messages, split or not', (_, make) => {
  const whole = make();
  const split = make();
  const slices = Array.from({ length: 6 }, () => whole.next()).flat();
  const batches = Array.from({ length: 6 }, () => split.nextBatches(100)).flat();
  expect(batches.every((batch) => batch.length === 100)).toBe(true);
  for (const type of whole.types) {
    const numbers = slices.filter(({ ev }) => ev === type).map(({ n }) => n);
    expect(
      batches
        .flat()
        .filter(({ ev }) => ev === type)
        .map(({ n }) => n),
    ).toEqual(numbers);
    expect(whole.taken(type)).toBe(numbers.length);
    expect(split.taken(type)).toBe(numbers.length);
  }
});
