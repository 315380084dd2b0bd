import type { Broker, Cells } from '../../src/cluster/broker.ts';
import type { PartitionCell } from '../../src/cluster/cell-watch.ts';
import { ClusterSource } from '../../src/cluster/cluster-source.ts';
import { encodeFrame } from '../../src/cluster/frame.ts';
import { createRandom } from '../../src/core/random.ts';
import type { Assigned } from '../../src/core/source-port.ts';
import { createMemoryStore, reachStore } from '../../src/testing/memory-broker.ts';
import { MemoryLink } from '../../src/testing/memory-link.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';
import { type MortalClock, mortalClock } from '../support/mortal-clock.ts';
import { ClusterAccount } from './cluster-account.ts';

/** A mistake that somebody might make, for the checker to find. */
export type Plant =
  | 'commit without the fence'
  | 'drain after fence'
  | 'TTL trusted'
  | 'gap not seen'
  | 'standby that commits'
  | 'refusal not heard';

const PARTITIONS = 6;
const MEMBERS_MAX = 3;
const STEPS = 60;
const LEASE_MS = 3_000;
/** After the last fault: two leases for the last death, and what is left to read. */
const CALM_MS = 40_000;

interface Member {
  readonly name: string;
  readonly source: ClusterSource;
  readonly clock: MortalClock;
  readonly link: MemoryLink;
  isPaused: boolean;
}

/** One cluster over one broker in memory, from one seed: faults first, then calm. Returns what was wrong. */
export async function runCluster(seed: number, plant?: Plant): Promise<readonly string[]> {
  const random = createRandom(seed);
  const clock = createSimulatedClock();
  const store = createMemoryStore(clock, PARTITIONS);
  const account = new ClusterAccount(PARTITIONS);
  const members: Member[] = [];
  let isCalm = false;
  let names = 0;
  const faults = { delayMs: 200, lostAnswers: 0.05, lostRequests: 0.03, lateWrites: 0.03 };
  const chance = (share: number): boolean => random() < share;
  const any = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)];

  const join = (): void => {
    const name = `m${++names}`;
    const memberClock = mortalClock(clock);
    const link = new MemoryLink(clock, random, () => (isCalm ? { delayMs: 20 } : faults));
    const broker = planted(reachStore(store, link), plant, () => clock.now());
    const source = new ClusterSource(
      { name: 'ticks', broker, clock: memberClock, random },
      { member: name, leaseMs: LEASE_MS, drainMs: 2_000 },
    );
    const consumer = new Consumer(name, memberClock, account, plant);
    members.push({ name, source, clock: memberClock, link, isPaused: false });
    const startUntilItWorks = async (): Promise<void> => {
      while (members.some((each) => each.source === source)) {
        try {
          await source.start(consumer);
          return;
        } catch {
          await new Promise<void>((resolve) => void memberClock.setTimeout(resolve, 300));
        }
      }
    };
    void startUntilItWorks();
  };
  const take = (): Member | undefined => members.splice(Math.floor(random() * members.length), 1)[0];
  const removed = (): void => {
    const partition = Math.floor(random() * PARTITIONS);
    const log = store.logOf(partition);
    const { first, last } = log.ends(0);
    const below = Math.min(last, first + Math.floor(random() * 4));
    account.removed(partition, below - 1);
    log.removeBelow(below);
  };

  join();
  join();
  for (let step = 0; step < STEPS; step++) {
    for (let partition = 0; partition < PARTITIONS; partition++)
      for (let count = Math.floor(random() * 3); count > 0; count--)
        account.appended(partition, store.logOf(partition).append(encodeFrame(['1'], PARTITIONS)));
    if (chance(0.08) && members.length > 1) take()?.clock.kill();
    if (chance(0.08) && members.length > 1) void take()?.source.close(1_000);
    if (chance(0.2) && members.length < MEMBERS_MAX) join();
    if (chance(0.1)) any(members)?.link.cut(chance(0.5));
    if (chance(0.25)) pauseOrResume(any(members));
    if (chance(0.03)) removed();
    await clock.advance(200 + random() * 800);
  }
  isCalm = true;
  for (const member of members) {
    member.link.cut(false);
    if (member.isPaused) pauseOrResume(member);
  }
  await clock.advance(CALM_MS);
  const positions = store.logs.map((_, partition) => {
    return (store.cells.get(`partition.${partition}`)?.value as PartitionCell | undefined)?.position ?? 0;
  });
  account.finish(
    members.map(({ name }) => name),
    positions,
  );
  for (const { source } of members) void source.close(100);
  await clock.advance(10_000);
  return account.violations.map((violation) => `seed ${seed}: ${violation}`);
}

function pauseOrResume(member: Member | undefined): void {
  if (member === undefined) return;
  if (member.isPaused) member.clock.resume();
  else member.clock.pause();
  member.isPaused = !member.isPaused;
}

/** Reads, delivers after a moment and commits, as a router would. */
class Consumer {
  readonly #name: string;
  readonly #clock: MortalClock;
  readonly #account: ClusterAccount;
  readonly #plant: Plant | undefined;
  readonly #stops = new Map<Assigned, { readonly stop: AbortController; readonly done: Promise<number | undefined> }>();

  constructor(name: string, clock: MortalClock, account: ClusterAccount, plant: Plant | undefined) {
    this.#name = name;
    this.#clock = clock;
    this.#account = account;
    this.#plant = plant;
  }

  assigned(partition: Assigned): void {
    const stop = new AbortController();
    this.#account.began(partition, this.#name);
    this.#stops.set(partition, { stop, done: this.#read(partition, stop.signal) });
  }

  async revoke(partition: Assigned, withinMs: number): Promise<void> {
    const running = this.#stops.get(partition);
    running?.stop.abort();
    // Released first, and what was read is delivered all the same.
    const last = this.#plant === 'drain after fence' ? undefined : await running?.done;
    const before = this.#account.fenceOf(partition);
    const outcome = await partition.release(last, withinMs);
    if (outcome === 'kept') this.#account.released(partition, last, before);
  }

  async #read(partition: Assigned, stop: AbortSignal): Promise<number | undefined> {
    let last: number | undefined;
    let isCommitted = true;
    while (!stop.aborted && !partition.lost.aborted) {
      const frames = await partition.read({ frames: 4, bytes: 1e6 }, stop);
      for (const { position, gap } of frames) {
        this.#account.delivered(partition, position, this.#plant === 'gap not seen' ? undefined : gap);
        last = position;
        isCommitted = false;
        await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, 30));
      }
      if (last === undefined || isCommitted) continue;
      const before = this.#account.fenceOf(partition);
      const outcome = await partition.commit(last, 1_000);
      isCommitted = outcome === 'kept';
      if (outcome === 'kept' || (outcome === 'lost' && this.#plant === 'refusal not heard'))
        this.#account.committed(partition, last, before);
    }
    return last;
  }
}

/** The broker, used wrongly. */
function planted(broker: Broker, plant: Plant | undefined, now: () => number): Broker {
  if (plant === 'commit without the fence') return { ...broker, cells: withoutFence(broker.cells) };
  if (plant === 'standby that commits') return { ...broker, cells: withStandby(broker.cells) };
  return plant === 'TTL trusted' ? { ...broker, cells: withExpiry(broker.cells, now) } : broker;
}

/** Writes whatever the cell has now. */
function withoutFence(cells: Cells): Cells {
  return {
    read: (key) => cells.read(key),
    async write(key, value) {
      return cells.write(key, value, (await cells.read(key))?.revision ?? 0);
    },
  };
}

/** Who is refused writes its position all the same, into the cell of the owner. */
function withStandby(cells: Cells): Cells {
  return {
    read: (key) => cells.read(key),
    async write(key, value, revision) {
      const written = await cells.write(key, value, revision);
      const entry = written === 'stale' && key !== 'members' ? await cells.read(key) : undefined;
      if (entry === undefined) return written;
      const { position } = value as { readonly position: number };
      return cells.write(key, { ...(entry.value as object), position }, entry.revision);
    },
  };
}

const writtenAt = new WeakMap<object, number>();

/** A lease that was not renewed for a while is as if it had never been. */
function withExpiry(cells: Cells, now: () => number): Cells {
  return {
    async read(key) {
      const entry = await cells.read(key);
      const at = entry === undefined ? undefined : writtenAt.get(entry.value as object);
      const isExpired = key !== 'members' && at !== undefined && now() - at > LEASE_MS;
      return isExpired ? undefined : entry;
    },
    async write(key, value, revision) {
      writtenAt.set(value as object, now());
      const current = revision === 0 ? ((await cells.read(key))?.revision ?? 0) : revision;
      return cells.write(key, value, current);
    },
  };
}
