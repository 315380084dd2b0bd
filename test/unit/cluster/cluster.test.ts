import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { assignPartitions } from '../../../src/cluster/assignment.ts';
import type { PartitionCell } from '../../../src/cluster/cell-watch.ts';
import type { ClusterAlert, ClusterOptions } from '../../../src/cluster/cluster-options.ts';
import { ClusterSource } from '../../../src/cluster/cluster-source.ts';
import { decodeFrame, encodeFrame } from '../../../src/cluster/frame.ts';
import { Publisher } from '../../../src/cluster/publisher.ts';
import type { ClusterView } from '../../../src/core/cluster-view.ts';
import { partitionOf } from '../../../src/core/partition-of.ts';
import { createRandom } from '../../../src/core/random.ts';
import type { Assigned, SourceOwner } from '../../../src/core/source-port.ts';
import type { ClusterMember, MemoryLog } from '../../../src/testing/memory-broker.ts';
import { createMemoryStore, memoryBroker, reachStore } from '../../../src/testing/memory-broker.ts';
import { type BrokerFaults, MemoryLink } from '../../../src/testing/memory-link.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { type MortalClock, mortalClock } from '../../support/mortal-clock.ts';

const room = { frames: 100, bytes: 1e6 };
const open = new AbortController().signal;

/** Gives back at once what it is asked for. */
function collector(): SourceOwner & { readonly stays: Assigned[] } {
  const stays: Assigned[] = [];
  return {
    stays,
    assigned: (partition) => stays.push(partition),
    revoke: async (partition) => void (await partition.release(undefined, 1_000)),
  };
}

describe('assignPartitions', () => {
  const members = (count: number): string[] => Array.from({ length: count }, (_, n) => `host-${n}`);

  it.each([
    [8, 5],
    [16, 3],
    [16, 16],
    [4, 7],
  ])(
    'shares %i partitions among %i members: none has more than its share, each partition has one',
    (partitions, count) => {
      const assigned = assignPartitions(members(count), partitions);
      expect([...assigned.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: partitions }, (_, n) => n));
      for (const member of members(count)) {
        const own = [...assigned.values()].filter((each) => each === member).length;
        expect(own).toBeLessThanOrEqual(Math.ceil(partitions / count));
      }
    },
  );

  it('moves few partitions when a member joins', () => {
    const [before, after] = [assignPartitions(members(3), 16), assignPartitions(members(4), 16)];
    const moved = [...after].filter(([partition, member]) => before.get(partition) !== member);
    expect(moved.length).toBeLessThanOrEqual(6);
  });
});

describe('a frame', () => {
  it('brings back what was put in', () => {
    const messages = [{ sym: 'ü', p: 1.5 }, [], 'x', null];
    expect(
      decodeFrame(
        encodeFrame(
          messages.map((each) => JSON.stringify(each)),
          16,
        ),
      ),
    ).toEqual(messages);
  });

  it.each([
    ['no frame', () => Buffer.from('hello, I am foreign'), /no frame of sluice/],
    ['of a newer version', () => changed(1, 9), /version 9/],
    ['changed on the way', () => changed(20, 0), /checksum/],
  ])('that is %s says so', (_, make, message) => {
    expect(() => decodeFrame(make())).toThrow(message);
  });

  function changed(index: number, value: number): Buffer {
    const frame = encodeFrame(['"some message"'], 4);
    frame[index] = value;
    return frame;
  }
});

/** A member alone on what its broker keeps. */
async function onStore(faults: BrokerFaults = {}) {
  const clock = createSimulatedClock();
  const store = createMemoryStore(clock, 1);
  const [random, owner, texts] = [createRandom(1), collector(), [] as string[]];
  const broker = reachStore(store, new MemoryLink(clock, random, () => faults));
  const onAlert: ClusterOptions['onAlert'] = ({ kind, partition, text }) => texts.push(`${kind} ${partition}: ${text}`);
  const source = new ClusterSource({ name: 'x', broker, clock, random }, { onAlert });
  await Promise.all([source.start(owner), clock.advance(1_000)]);
  return { clock, store, owner, texts, source };
}

/** A cluster of one partition on simulated time. */
async function started(options: ClusterOptions = {}) {
  const clock = createSimulatedClock();
  const broker = memoryBroker({ clock });
  const alerts: ClusterAlert[] = [];
  const owner = collector();
  const member = broker.join({ member: 'a', onAlert: (alert) => alerts.push(alert), ...options });
  await member.source.start(owner);
  const [stay] = owner.stays;
  if (stay === undefined) throw new Error('nothing was assigned');
  return { clock, broker, alerts, owner, member, stay };
}

const textOf = ({ source }: ClusterMember): string => source.partitions()[0]?.text ?? '';

describe('a lease', () => {
  it('is kept without commits, and others say who has it since when', async () => {
    const { clock, broker, member, stay } = await started();
    const other = broker.join({ member: 'b' });
    const { stays } = collector();
    await other.source.start({ assigned: (partition) => stays.push(partition), revoke: async () => {} });
    await clock.advance(60_000);
    const [first, second] = [member, other].map(textOf);
    const hasMoved = stays.length > 0;
    expect(stay.lost.aborted || hasMoved).toBe(hasMoved);
    expect(
      [first, second].filter((text) =>
        /: standby; owned by [ab] since \d+ s; its last commit \d+ s ago/.test(text ?? ''),
      ),
    ).toHaveLength(1);
    expect([first, second].filter((text) => text?.includes(': running;'))).toHaveLength(1);
  });

  it('without commits is renewed every third of its length, also when answers take their time', async () => {
    const { clock, store } = await onStore({ delayMs: 20 });
    const revision = (): number => store.cells.get('partition.0')?.revision ?? 0;
    const before = revision();
    await clock.advance(60_000);
    expect(Math.abs(revision() - before - 60)).toBeLessThanOrEqual(1);
  });

  it('whose answers are lost is recognised: a commit is kept once, and the owner stays the owner', async () => {
    const { clock, broker, stay } = await started();
    for (let n = 1; n <= 30; n++) broker.append([n]);
    await stay.read(room, open);
    broker.setFaults({ lostAnswers: 0.5, delayMs: 20 });
    for (let position = 1; position <= 30; position++) {
      const [outcome] = await Promise.all([stay.commit(position, 5_000), clock.advance(1_500)]);
      expect(outcome).toBe('kept');
    }
    expect(stay.lost.aborted).toBe(false);
  });

  it('in doubt suspends reading, and nothing is lost of what was read meanwhile', async () => {
    const { clock, broker, member, stay } = await started();
    member.cut(true);
    await clock.advance(4_000);
    broker.append([1]);
    const [none] = await Promise.all([stay.read(room, open), clock.advance(1_000)]);
    expect([none, stay.lost.aborted]).toEqual([[], false]);
    expect(textOf(member)).toMatch(/the broker has not confirmed the lease for \d/);
    member.cut(false);
    await clock.advance(2_000);
    const [frames] = await Promise.all([stay.read(room, open), clock.advance(1_000)]);
    expect(frames?.map(({ position }) => position)).toEqual([1]);
  });

  /** What a member is told that lost its partition to another one, which came while this happened to it. */
  async function lossOf(happens: (member: ClusterMember, own: MortalClock) => void) {
    const clock = createSimulatedClock();
    const broker = memoryBroker({ clock });
    const [former, next, texts] = [collector(), collector(), [] as string[]];
    const own = mortalClock(clock);
    const onAlert: ClusterOptions['onAlert'] = ({ kind, text }) => texts.push(`${kind}: ${text}`);
    const member = broker.join({ member: 'a', onAlert }, own);
    await member.source.start(former);
    broker.append([1]);
    const [stay] = former.stays;
    await stay?.read(room, open);
    happens(member, own);
    await broker.join({ member: 'b' }).source.start(next);
    await clock.advance(4_500);
    expect(next.stays[0]?.takeovers).toBe(1);
    member.cut(false);
    own.resume();
    const [outcome] = await Promise.all([stay?.commit(1, 1_000), clock.advance(1_000)]);
    expect([outcome, stay?.lost.aborted]).toEqual(['lost', true]);
    return { texts: texts.filter((text) => text.startsWith('source-lost')), reason: stay?.lost.reason };
  }

  it('of a paused member is taken over; its commit afterwards is lost, and it is told why', async () => {
    const { texts, reason } = await lossOf((_, own) => own.pause());
    const text =
      'partition 0 of memory was lost to b: this process stood still for 3.5 s: it was paused, or a call blocked its event loop';
    expect([texts, reason]).toEqual([[`source-lost: ${text}`], text]);
  });

  it('of a member without its broker is taken over, and it is told what the broker said', async () => {
    const { texts } = await lossOf((member) => member.cut(true));
    expect(texts).toEqual([
      'source-lost: partition 0 of memory was lost to b: the broker has not confirmed its lease for 4.6 s: the connection is cut',
    ]);
  });

  it('that somebody takes while it is in force is lost all the same, and it is told that its clock may have stood still', async () => {
    const { clock, source, store, texts } = await onStore();
    const { value, revision } = store.cells.get('partition.0') as { value: PartitionCell; revision: number };
    const taken = { ...value, owner: 'b#1', epoch: 2, n: value.n + 1 };
    store.cells.set('partition.0', { value: taken, revision: revision + 1 });
    await clock.advance(2_500);
    expect(texts).toEqual([
      expect.stringMatching(
        /^source-lost 0: partition 0 of x was lost to b: its clock stood still, .* 1\.\d s before$/,
      ),
    ]);
    await Promise.all([source.close(1_000), clock.advance(1_000)]);
  });
});

it('R8.4 a log that went back halts its partition with a sentence, until an operator says from where', async () => {
  const { clock, broker, alerts, member, owner, stay } = await started();
  for (let n = 1; n <= 10; n++) broker.append([n]);
  await stay.read(room, open);
  await stay.commit(10, 1_000);
  await stay.release(undefined, 1_000);
  await member.source.close(1_000);
  broker.goBack(4);
  for (let n = 5; n <= 12; n++) broker.append([-n]);
  await member.source.start(owner);
  expect(owner.stays).toHaveLength(1);
  const text = 'partition 0 of memory: position 10 has another frame: 16, and was 10';
  expect(alerts).toEqual([{ kind: 'source-halted', partition: 0, text }]);
  expect(textOf(member)).toMatch(/^partition 0 of memory: halted; owned by a since .*another frame/);
  expect(await member.source.resumeAfter(0, 4)).toBe(true);
  await clock.advance(100);
  const frames = await owner.stays[1]?.read(room, open);
  expect(frames?.map((frame) => frame.messages()[0])).toEqual([-5, -6, -7, -8, -9, -10, -11, -12]);
  expect(await member.source.resumeAfter(0, 4)).toBe(false);
  await expect(member.source.resumeAfter(0, -1)).rejects.toThrow('position must be a whole number');
});

it('a frame of a publisher with another number of partitions halts the partition', async () => {
  const { clock, broker, alerts, stay } = await started();
  broker.append(['fine']);
  broker.appendBytes(encodeFrame(['1'], 32));
  const [frames] = await Promise.all([stay.read(room, open), clock.advance(1_000)]);
  expect(frames).toEqual([]);
  expect(stay.lost.aborted).toBe(true);
  expect(alerts[0]?.text).toMatch(/^partition 0 of memory: position 2: its publisher has 32 partitions, .* has 1$/);
});

it('an owner that throws is told, and the partition is offered again after a lease', async () => {
  const clock = createSimulatedClock();
  const alerts: string[] = [];
  const { stays } = collector();
  const warned = once(process, 'warning');
  const onAlert: ClusterOptions['onAlert'] = ({ kind, text }) => {
    alerts.push(`${kind}: ${text}`);
    throw new Error('of the listener');
  };
  const member = memoryBroker({ clock }).join({ onAlert });
  let isFirst = true;
  await member.source.start({
    assigned(partition) {
      if (isFirst) {
        isFirst = false;
        throw new Error('broken');
      }
      stays.push(partition);
    },
    revoke: async () => {},
  });
  await clock.advance(10_000);
  expect(alerts).toEqual(['source-failed: partition 0 of memory failed: broken']);
  expect([stays.length, stays[0]?.fence]).toEqual([1, 2]);
  expect(await warned).toMatchObject([{ message: 'onAlert of memory threw of the listener' }]);
});

it('a broker that is away and back is told once each', async () => {
  const { clock, alerts, member } = await started();
  member.cut(true);
  await clock.advance(20_000);
  member.cut(false);
  await clock.advance(20_000);
  expect(alerts.map(({ kind }) => kind)).toEqual(['source-unreachable', 'source-reachable']);
});

it('a broker that answers too slowly, and then not at all, does not answer', async () => {
  const faults = { delayMs: 0 };
  const { clock, source } = await onStore(faults);
  for (const [delayMs, text] of [
    [4_000, /^the broker of x cannot be used: it answers after/],
    [1e12, /^the broker of x cannot be used: the broker has not answered for 1000 ms$/],
  ] as const) {
    faults.delayMs = delayMs;
    await clock.advance(20_000);
    expect(source.troubles().unreachable).toMatch(text);
  }
});

it('a broker that lost its latest checkpoint raises an alert, and everything behind the older one that it still has is read again', async () => {
  const { clock, owner, source, store, texts } = await onStore();
  const old = new Map(store.cells);
  store.logOf().append(encodeFrame(['1'], 1));
  const [frame] = (await Promise.all([owner.stays[0]?.read(room, open), clock.advance(2_000)]))[0] ?? [];
  expect(await owner.stays[0]?.commit(frame?.position ?? 0, 1_000)).toBe('kept');
  store.logOf().goBack(0);
  for (const [key, entry] of old) store.cells.set(key, entry);
  await clock.advance(10_000);
  expect(texts).toEqual([
    'source-went-back 0: the broker lost what it had acknowledged: partition 0 was committed up to 1, and is up to 0; what it still has after that is read again',
  ]);
  expect(owner.stays).toHaveLength(2);
  await Promise.all([source.close(1_000), clock.advance(1_000)]);
});

it('a partition that another member has, and whose lease could not be read once, is no trouble', async () => {
  const { clock, store, texts } = await onStore();
  const { value } = store.cells.get('partition.0') as { value: PartitionCell };
  for (let n = 1; n <= 20; n++) {
    const taken = { ...value, owner: 'b#1', epoch: 2, n };
    store.cells.set('partition.0', { value: n === 5 ? 'not one' : taken, revision: 1_000 + n });
    await clock.advance(1_000);
  }
  expect(texts.join()).not.toContain('source-unreachable');
});

it('close while the broker is away leaves nothing behind that keeps the process alive', async () => {
  const { clock, member } = await started();
  member.cut(true);
  await clock.advance(5_000);
  await Promise.all([member.source.close(1_000), clock.advance(1_000)]);
  // What was asked is waited for a third of a lease.
  await clock.advance(1_000);
  expect(clock.pending).toBe(0);
});

it('a partition that its owner gave back by itself is not offered again to the same member', async () => {
  const { clock, owner, member, stay } = await started();
  await stay.release(undefined, 1_000);
  await clock.advance(60_000);
  expect(owner.stays).toHaveLength(1);
  expect(textOf(member)).toMatch(/standby; nobody has it/);
});

it('who asks for the partitions while it starts does not end the start', async () => {
  const clock = createSimulatedClock();
  const { source } = memoryBroker({ clock, faults: { delayMs: 100 } }).join();
  const starting = source.start(collector());
  expect(source.partitions()).toEqual([]);
  await Promise.all([starting, clock.advance(5_000)]);
  expect(source.partitions()).not.toEqual([]);
});

it('close while it starts ends the start', async () => {
  const clock = createSimulatedClock();
  const broker = memoryBroker({ clock, faults: { delayMs: 100 } });
  const { source } = broker.join();
  const starting = source.start(collector());
  const [outcome] = await Promise.all([
    starting.catch((error: Error) => error.message),
    source.close(1_000),
    clock.advance(5_000),
  ]);
  expect(outcome).toBe('the source of memory was closed while it started');
  expect(clock.pending).toBe(0);
});

it.each([
  [{ leaseMs: 10 }, /leaseMs must be a number of milliseconds from 1000, got 10/],
  [{ drainMs: -1 }, /drainMs/],
  [{ trimEveryMs: 0 }, /trimEveryMs/],
])('%j is refused', (options, message) => {
  expect(() => memoryBroker({ clock: createSimulatedClock() }).join(options)).toThrow(message);
});

describe('a publisher', () => {
  it('whose answers are lost and whose requests are late writes each frame once, in order', async () => {
    const clock = createSimulatedClock();
    const store = createMemoryStore(clock, 3);
    const link = new MemoryLink(clock, createRandom(1), () => ({ delayMs: 50, lostAnswers: 0.3, lostRequests: 0.2 }));
    const { appender } = reachStore(store, link);
    const parts = { appender, clock, partitions: 3, producer: 'p', prepare: async () => {} };
    const publisher = new Publisher<{ n: number; key: string }>(parts, { key: ({ key }) => key });
    const messages = Array.from({ length: 3_000 }, (_, n) => ({ n, key: `k${n % 17}` }));
    const published = Promise.all(
      Array.from({ length: 30 }, (_, n) => publisher.publish(messages.slice(n * 100, n * 100 + 100))),
    );
    await clock.advance(600_000);
    await published;
    for (const partition of [0, 1, 2]) {
      const frames = await readLog(store.logOf(partition));
      expect(frames.flatMap(decodeFrame)).toEqual(messages.filter(({ key }) => partitionOf(key, 3) === partition));
    }
    expect(publisher.waiting).toBe(0);
  });

  it('that waits for no others puts the messages of one call into one frame all the same', async () => {
    const clock = createSimulatedClock();
    const frames: unknown[] = [];
    const appender = { append: async (_: number, frame: Uint8Array) => void frames.push(decodeFrame(frame)) };
    const parts = { appender, clock, partitions: 1, producer: 'x', prepare: async () => {} };
    const publisher = new Publisher<number>(parts, { key: () => '', lingerMs: 0 });
    await publisher.publish([1, 2]);
    await publisher.publish([3, 4]);
    expect(frames).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('that cannot prepare says why, and tries again with the next message', async () => {
    const clock = createSimulatedClock();
    const { appender } = reachStore(createMemoryStore(clock, 1), new MemoryLink(clock, createRandom(1), () => ({})));
    let fails = true;
    const prepare = async (): Promise<void> => {
      if (fails) throw new Error('no stream');
    };
    const publisher = new Publisher<string>(
      { appender, clock, partitions: 1, producer: 'p', prepare },
      { key: () => '' },
    );
    await expect(publisher.publish('a')).rejects.toThrow('no stream');
    fails = false;
    await Promise.all([publisher.publish('b'), clock.advance(1_000)]);
  });

  it('tells its host once that the broker has not taken a frame for seconds, and once that it has', async () => {
    const clock = createSimulatedClock();
    const link = new MemoryLink(clock, createRandom(1), () => ({}));
    const { appender } = reachStore(createMemoryStore(clock, 1), link);
    const parts = { appender, clock, partitions: 1, producer: 'p', prepare: async () => {} };
    const told: unknown[] = [];
    const publisher = new Publisher<number>(parts, { key: () => '', onTrouble: (trouble) => told.push(trouble) });
    for (const ms of [2_000, 10_000]) {
      link.cut(true);
      const published = publisher.publish(ms);
      await clock.advance(ms);
      link.cut(false);
      await Promise.all([published, clock.advance(1_000)]);
    }
    expect(told).toEqual(['the connection is cut', undefined]);
  });

  it('that is closed while its broker refuses has no trouble any more: nothing waits', async () => {
    const clock = createSimulatedClock();
    const append = () => Promise.reject(new Error('full'));
    const parts = { appender: { append }, clock, partitions: 1, producer: 'p', prepare: async () => {} };
    const publisher = new Publisher<string>(parts, { key: () => '' });
    const published = publisher.publish('a').catch((error: Error) => error.message);
    await clock.advance(100);
    expect(publisher.trouble).toBe('full');
    const [text] = await Promise.all([published, publisher.close(100), clock.advance(1_000)]);
    expect([text, publisher.waiting, publisher.trouble]).toEqual(['the publisher was closed', 0, undefined]);
  });

  async function readLog(log: MemoryLog): Promise<readonly Uint8Array[]> {
    const clock = createSimulatedClock();
    const link = new MemoryLink(clock, createRandom(1), () => ({}));
    return (await log.open(0, link).read(1e6, 1e9)).map(({ bytes }) => bytes);
  }
});

describe('the view of a cluster', () => {
  const viewOf = ({ source }: ClusterMember) => {
    const view = source.cluster();
    if (view === undefined) throw new Error('the source is not started');
    return view;
  };
  const nameOf = (member: string | null): string => member?.split('#')[0] ?? 'nobody';
  /** The hand-overs of one partition: who had it, who got it. */
  const changesOf = (member: ClusterMember, which: number): string[] =>
    viewOf(member)
      .handOvers.filter(({ partition }) => partition === which)
      .map(({ from, to, fence }) => `${nameOf(from)} → ${nameOf(to)}, fence ${fence}`);

  it('has at every member the members, all partitions with their owners, and the hand-overs', async () => {
    const clock = createSimulatedClock();
    const broker = memoryBroker({ clock, partitions: 4 });
    const [first, second] = [broker.join({ member: 'a' }), broker.join({ member: 'b' })];
    expect(first.source.cluster()).toBeUndefined();
    await first.source.start(collector());
    await second.source.start(collector());
    await clock.advance(10_000);
    for (const member of [first, second]) {
      const { members, partitions } = viewOf(member);
      expect(members.map(({ member, isThere }) => [nameOf(member), isThere]).sort()).toEqual([
        ['a', true],
        ['b', true],
      ]);
      expect(partitions.map(({ owner }) => nameOf(owner)).sort()).toEqual(['a', 'a', 'b', 'b']);
    }
    const moved = viewOf(first).partitions.find(({ owner }) => nameOf(owner) === 'b')?.partition ?? -1;
    expect(changesOf(first, moved)).toEqual(['nobody → a, fence 1', 'a → nobody, fence 1', 'nobody → b, fence 2']);
  });

  it('tells two members of one name apart, and each is told of the other', async () => {
    const clock = createSimulatedClock();
    const broker = memoryBroker({ clock, partitions: 4 });
    const texts: string[] = [];
    const join = () =>
      broker.join({ member: 'same', onAlert: ({ text }) => texts.push(text.replaceAll(/#\w+/g, '#')) });
    const members = [join(), join()];
    for (const { source } of members) await source.start(collector());
    await clock.advance(10_000);
    expect(members.map(({ source }) => source.partitions().filter(({ state }) => state === 'running').length)).toEqual([
      2, 2,
    ]);
    const told = 'same# and same# are members of memory with one name: give each its own';
    expect(texts).toEqual([told, told]);
    for (const member of members) expect(textOf(member)).toMatch(/owned by same#\w+ since/);
  });

  it('shows a member that died as gone, and that its partition was taken over', async () => {
    const clock = createSimulatedClock();
    const broker = memoryBroker({ clock, partitions: 2 });
    const [member, dying] = [broker.join({ member: 'a' }), mortalClock(clock)];
    await member.source.start(collector());
    await broker.join({ member: 'b' }, dying).source.start(collector());
    await clock.advance(10_000);
    const lost = viewOf(member).partitions.find(({ owner }) => nameOf(owner) === 'b')?.partition ?? -1;
    dying.pause();
    await clock.advance(6_000);
    const gone = viewOf(member).members.filter(({ isThere }) => !isThere);
    expect(gone.map(({ member }) => nameOf(member))).toEqual(['b']);
    expect(gone[0]?.announcedMs).toBeGreaterThan(3_000);
    expect(changesOf(member, lost).at(-1)).toBe('b → a, fence 3');
  });

  it('has the lag of every partition, also of those of others and of those that nobody has', async () => {
    const { clock, broker, member, stay } = await started();
    const other = broker.join({ member: 'b' });
    await other.source.start({ assigned: () => {}, revoke: async () => {} });
    for (let n = 1; n <= 5; n++) broker.append([n]);
    await stay.read(room, open);
    await Promise.all([stay.commit(2, 1_000), clock.advance(10_000)]);
    const lagsOf = ({ partitions }: ClusterView): (number | null)[] => partitions.map(({ lag }) => lag);
    const committed = viewOf(member).partitions[0]?.position ?? 0;
    expect([committed, lagsOf(viewOf(member)), lagsOf(viewOf(other))]).toEqual([2, [3], [3]]);
    member.cut(true);
    await clock.advance(10_000);
    expect(lagsOf(viewOf(member))).toEqual([null]);
  });
});
