import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LetterStore, NewLetter } from '../../src/core/letter-store-port.ts';
import { createRouter, defineChannel } from '../../src/index.ts';
import { type Journal, openJournal } from '../../src/journal/index.ts';
import { natsLetters } from '../../src/nats/index.ts';
import { redisLetters } from '../../src/redis/index.ts';
import { type BrokerRig, brokers, until } from '../support/broker-rigs.ts';
import { emptyDirectory } from '../support/empty-directory.ts';
import { NatsServer, whyWithoutNats } from '../support/nats-server.ts';
import { ioredisTo, RedisServer, whyWithoutRedis } from '../support/redis-server.ts';

/** Opens the store of a channel; the second one of the same channel is that of another process, where there may be two. */
interface Stores {
  letters(channel: string, maxLetters?: number): LetterStore | Promise<LetterStore>;
  end(): Promise<void>;
}

const directory = emptyDirectory(afterAll);

async function journalRig(): Promise<Stores> {
  const journals = new Map<string, Journal>();
  return {
    async letters(channel, maxLetters = 100) {
      const journal = journals.get(channel) ?? (await openJournal(join(directory, channel), { maxLetters }));
      journals.set(channel, journal);
      return journal.letters;
    },
    end: async () => void (await Promise.all([...journals.values()].map((journal) => journal.close()))),
  };
}

const letter = (id: string, more: Partial<NewLetter> = {}): NewLetter => ({
  id,
  channel: 'trades',
  reason: 'poison',
  message: { n: id },
  error: new Error(`no ${id}`),
  attempts: 3,
  at: 1_000,
  ...more,
});

let channels = 0;
const newChannel = (): string => `c${++channels}`;

describe.each([...brokers, ['a journal', undefined, journalRig]] as const)(
  'dead letters on %s',
  (_kind, missing, start) => {
    let rig: Stores;
    beforeAll(async () => {
      if (missing === undefined) rig = await start();
    });
    afterAll(() => rig?.end());

    it.skipIf(missing)('are seen by another process, in the order of time, with the text of their error', async () => {
      const channel = newChannel();
      const own = await rig.letters(channel);
      await Promise.all([own.add(letter('b', { at: 2 })), own.add(letter('a/ü *.>', { at: 10 }))]);
      await own.add(letter('c', { at: 1, channel: null, reason: 'unknown-type', error: undefined }));
      const others = await (await rig.letters(channel)).list();
      expect(others.map(({ id }) => id)).toEqual(['c', 'b', 'a/ü *.>']);
      expect(others[1]).toEqual({ ...letter('b', { at: 2 }), error: 'no b', replays: 0, replayedAt: undefined });
      expect(others[0]?.error).toBeUndefined();
    });

    it.skipIf(missing)('that are added twice, also at the same time and by two processes, are one', async () => {
      const channel = newChannel();
      const own = await rig.letters(channel);
      await Promise.all([
        own.add(letter('a')),
        own.add(letter('a', { at: 5 })),
        (await rig.letters(channel)).add(letter('a')),
      ]);
      await own.add(letter('a', { at: 9 }));
      expect(await own.list()).toHaveLength(1);
      await until(() => own.size === 1);
    });

    it.skipIf(missing)('are listed and dropped by id, channel, reason, time and number', async () => {
      const own = await rig.letters(newChannel());
      await own.add(letter('a', { at: 1 }));
      await own.add(letter('b', { at: 2, channel: null }));
      await own.add(letter('c', { at: 3, reason: 'invalid' }));
      const ids = async (filter: object): Promise<string[]> => (await own.list(filter)).map(({ id }) => id);
      expect(await ids({ id: 'b' })).toEqual(['b']);
      expect(await ids({ id: 'none' })).toEqual([]);
      expect(await ids({ id: 'a', channel: 'other' })).toEqual([]);
      expect(await ids({ channel: 'trades' })).toEqual(['a', 'c']);
      expect(await ids({ channel: null })).toEqual(['b']);
      expect(await ids({ reason: 'invalid' })).toEqual(['c']);
      expect(await ids({ since: 2 })).toEqual(['b', 'c']);
      expect(await ids({ limit: 2 })).toEqual(['a', 'b']);
      expect(await own.drop({ since: 2, limit: 1 })).toBe(1);
      expect(await own.drop({ id: 'none' })).toBe(0);
      expect(await ids({})).toEqual(['a', 'c']);
      expect(await own.drop()).toBe(2);
      await until(() => own.size === 0);
    });

    it.skipIf(missing)(
      'count replays, also when two processes mark them at once, and also in a full store',
      async () => {
        const channel = newChannel();
        const own = await rig.letters(channel, 1);
        await own.add(letter('a'));
        await Promise.all([own.markReplayed(['a', 'gone'], 7), (await rig.letters(channel, 1)).markReplayed(['a'], 7)]);
        expect(await own.list()).toMatchObject([{ id: 'a', replays: 2, replayedAt: 7 }]);
      },
    );

    it.skipIf(missing)('that are as many as may be evict none; dropping makes room', async () => {
      const own = await rig.letters(newChannel(), 2);
      const added: PromiseSettledResult<void>[] = [];
      for (const id of ['a', 'b', 'c']) added.push(...(await Promise.allSettled([own.add(letter(id))])));
      expect(added.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
      await expect(own.add(letter('d'))).rejects.toMatchObject({ code: 'store-full' });
      await own.add(letter('a'));
      await own.drop({ id: 'a' });
      await own.add(letter('d'));
      expect((await own.list()).map(({ id }) => id)).toEqual(['b', 'd']);
    });

    it.skipIf(missing)('keep bytes as bytes; what cannot be written is refused', async () => {
      const own = await rig.letters(newChannel());
      await own.add(letter('bytes', { message: Uint8Array.of(0, 255, 1) }));
      expect((await own.list())[0]?.message).toEqual(Uint8Array.of(0, 255, 1));
      await expect(own.add(letter('big', { message: 1n }))).rejects.toMatchObject({ code: 'invalid-message' });
      await expect(own.add(letter('x'.repeat(501)))).rejects.toMatchObject({ code: 'invalid-message' });
    });

    it.skipIf(missing)('that are a thousand are all listed', async () => {
      const own = await rig.letters(newChannel(), 10_000);
      await Promise.all(Array.from({ length: 1_000 }, (_, n) => own.add(letter(`n${n}`, { at: n }))));
      expect((await own.list()).map(({ at }) => at)).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
    });
  },
);

describe.each(brokers)('dead letters of a source on %s', (_kind, missing, start) => {
  let rig: BrokerRig;
  beforeAll(async () => {
    if (missing === undefined) rig = await start();
  });
  afterAll(() => rig?.end());

  it.skipIf(missing)('are settled when the broker has them, outlive the process, and are replayed', async () => {
    const channel = newChannel();
    let isSinkFixed = false;
    const delivered: number[] = [];
    const process = (batch: readonly number[]): void => {
      if (!isSinkFixed && batch.includes(2)) throw Object.assign(new Error('no 2'), { retryable: false });
      delivered.push(...batch);
    };
    const open = async () => {
      const router = createRouter({
        channels: { numbers: defineChannel({ process }) },
        sources: { feed: { source: rig.source({ channel, partitions: 1 }), dataType: 'numbers' } },
        deadLetters: { store: rig.letters(channel) },
      });
      await router.start();
      return router;
    };
    const publisher = rig.publisher<number>({ channel, partitions: 1 });
    const first = await open();
    await publisher.publish([1, 2, 3]);
    await until(async () => (await first.deadLetters.list()).length === 1 && delivered.length === 2);
    await first.stop({ deadlineMs: 5_000 });
    isSinkFixed = true;
    const second = await open();
    expect(await second.deadLetters.list()).toMatchObject([
      { message: 2, reason: 'not-retryable', channel: 'numbers' },
    ]);
    expect(await second.deadLetters.replay()).toMatchObject({ replayed: 1, refused: null });
    await until(async () => delivered.length === 3 && (await second.deadLetters.list()).length === 0);
    expect(delivered).toEqual([1, 3, 2]);
    await publisher.close(1_000);
    await second.stop({ deadlineMs: 5_000 });
  });

  it.skipIf(missing)('wait while the broker is away, and are there once after it was killed', async () => {
    const mortal = await start();
    const own = mortal.letters('x');
    await own.add(letter('a'));
    await mortal.server.kill();
    await expect(own.add(letter('b'))).rejects.toThrow();
    await mortal.server.run();
    await until(() =>
      own.add(letter('b')).then(
        () => true,
        () => false,
      ),
    );
    expect((await own.list()).map(({ id }) => id)).toEqual(['a', 'b']);
    await mortal.end();
  });
});

it.skipIf(whyWithoutNats())('a stream of letters with other settings is refused with all of them', async () => {
  const server = await NatsServer.start();
  const connection = await server.connect();
  const letters = (channel: string, maxLetters: number) => natsLetters({ connection, channel, maxLetters });
  await letters('x', 5).add(letter('a'));
  await expect(letters('x', 7).add(letter('a'))).rejects.toThrow('SLUICE-x-letters: max_msgs is 5 and must be 7');
  await expect(letters('x', 5).add(letter('b', { message: 'x'.repeat(1_100_000) }))).rejects.toMatchObject({
    code: 'invalid-message',
  });
  await server.end();
});

it.skipIf(whyWithoutRedis())('a Redis that would lose letters is refused', async () => {
  const server = await RedisServer.start('--appendonly', 'no');
  const { send, close } = ioredisTo(server.port);
  await expect(redisLetters({ send, channel: 'x' }).add(letter('a'))).rejects.toThrow(
    'appendonly is no and must be yes',
  );
  expect(() => redisLetters({ send, channel: 'x', maxLetters: 0 })).toThrow(/maxLetters must be a whole number from 1/);
  close();
  await server.end();
});
