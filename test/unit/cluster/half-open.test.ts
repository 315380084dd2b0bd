import { expect, it } from 'vitest';
import type { Broker } from '../../../src/cluster/broker.ts';
import { ClusterSource } from '../../../src/cluster/cluster-source.ts';
import { encodeFrame } from '../../../src/cluster/frame.ts';
import { createRandom } from '../../../src/core/random.ts';
import { createSimulatedClock, createTestRouter } from '../../../src/testing/index.ts';
import { createMemoryStore, reachStore } from '../../../src/testing/memory-broker.ts';
import { MemoryLink } from '../../../src/testing/memory-link.ts';
import { reject, succeed } from '../../../src/testing/reactions.ts';

const PARTITIONS = 3;
const MINUTE_MS = 60_000;

interface Numbered {
  readonly partition: number;
  readonly n: number;
}

/** A connection that is half-open from one moment to another: nothing arrives, and no promise settles. */
class HalfOpen {
  isHalfOpen = false;
  asked = 0;

  wrap({ cells, log, ...rest }: Broker): Broker {
    return {
      ...rest,
      cells: {
        read: (key) => this.#ask(() => cells.read(key)),
        write: (key, value, revision) => this.#ask(() => cells.write(key, value, revision)),
      },
      log: {
        last: (partition) => this.#ask(() => log.last(partition)),
        ends: (partition, position) => this.#ask(() => log.ends(partition, position)),
        trim: (partition, position) => this.#ask(() => log.trim(partition, position)),
        open: (partition, after) => {
          const reader = log.open(partition, after);
          return { read: (frames, bytes) => this.#ask(() => reader.read(frames, bytes)), close: () => reader.close() };
        },
      },
    };
  }

  #ask<Value>(answer: () => Promise<Value>): Promise<Value> {
    this.asked += 1;
    return this.isHalfOpen ? new Promise(() => {}) : answer();
  }
}

/** Three routers on one broker. */
async function cluster() {
  const clock = createSimulatedClock();
  const random = createRandom(1);
  const store = createMemoryStore(clock, PARTITIONS);
  const join = async (member: string) => {
    const connection = new HalfOpen();
    const broker = connection.wrap(reachStore(store, new MemoryLink(clock, random, () => ({ delayMs: 5 }))));
    const source = new ClusterSource({ name: 'ticks', broker, clock, random }, { member });
    const test = await createTestRouter({
      clock,
      sinks: { tick: { batchSize: 10, timeoutMs: 10, breaker: { minimumCalls: 2 } } },
      deadLetters: { store: 'memory' },
      sources: { ticks: { source, dataType: 'tick' } },
    });
    return { connection, test, sink: test.sink('tick') };
  };
  const members = [await join('a'), await join('b'), await join('c')];
  let appended = 0;
  const append = (): void => {
    appended += 1;
    for (let partition = 0; partition < PARTITIONS; partition++)
      store.logOf(partition).append(encodeFrame([JSON.stringify({ partition, n: appended })], PARTITIONS));
  };
  const askedIn = async (ms: number): Promise<number> => {
    const asked = (): number => members.reduce((sum, { connection }) => sum + connection.asked, 0);
    const before = asked();
    await clock.advance(ms);
    return asked() - before;
  };
  return { clock, members, append, appended: () => appended, askedIn };
}

it('connections that are half-open for an hour behind open breakers: requests do not pile up, the others are not thought dead after it, nothing is skipped', async () => {
  const { clock, members, append, appended, askedIn } = await cluster();
  await clock.advance(20_000);
  const inQuietTimes = await askedIn(MINUTE_MS);
  for (const { sink } of members) sink.otherwise = reject();
  append();
  await clock.advance(20_000);
  expect(members.map(({ test }) => test.metrics('tick').breaker?.state)).not.toContain('closed');
  const stays = (): number => members.flatMap(({ test }) => test.facts('stay.began')).length;
  const [staysBefore, timersBefore] = [stays(), clock.pending];

  for (const { connection } of members) connection.isHalfOpen = true;
  for (let minute = 0; minute < 60; minute++) {
    append();
    expect(await askedIn(MINUTE_MS)).toBeLessThan(inQuietTimes);
    expect(clock.pending).toBeLessThanOrEqual(timersBefore + members.length * PARTITIONS);
  }

  for (const { connection, sink } of members) {
    connection.isHalfOpen = false;
    sink.otherwise = succeed();
    expect(await askedIn(1_000)).toBeLessThan(inQuietTimes / 10);
  }
  await clock.advance(2 * MINUTE_MS);
  expect(stays() - staysBefore).toBe(0);
  const delivered = members.flatMap(({ sink }) => sink.delivered as unknown as Numbered[]);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const numbers = delivered.filter((each) => each.partition === partition).map(({ n }) => n);
    expect(numbers).toEqual(Array.from({ length: appended() }, (_, index) => index + 1));
  }
  for (const { test } of members) await test.advanceUntil(test.router.stop());
});
