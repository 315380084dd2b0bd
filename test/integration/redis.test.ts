import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeFrame } from '../../src/cluster/frame.ts';
import type { Frame } from '../../src/core/source-port.ts';
import { frameOfTexts } from '../../src/redis/frame-text.ts';
import type { RedisSend, RedisSourceOptions } from '../../src/redis/index.ts';
import { createRedisPublisher, partitionOf, redisSource } from '../../src/redis/index.ts';
import { checkSource } from '../../src/testing/check-source.ts';
import { collector, open, readUntil, room, until } from '../support/broker-rigs.ts';
import { freePort } from '../support/free-port.ts';
import { redisFeatures, redisRig } from '../support/redis-rig.ts';
import { ioredisTo, nodeRedisTo, RedisServer, streamOf, whyWithoutRedis } from '../support/redis-server.ts';

const missing = whyWithoutRedis();
if (missing !== undefined) process.stderr.write(`the tests with Redis are left out: ${missing}\n`);

let server: RedisServer;
let clients: Readonly<Record<'ioredis' | 'redis' | 'prefixing', { readonly send: RedisSend; close(): void }>>;
let send: RedisSend;
let channels = 0;
const newChannel = (): string => `c${++channels}`;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

beforeAll(async () => {
  if (missing !== undefined) return;
  server = await RedisServer.start();
  const prefixing = ioredisTo(server.port, { keyPrefix: 'app:' });
  clients = { ioredis: ioredisTo(server.port), redis: await nodeRedisTo(server.port), prefixing };
  send = clients.ioredis.send;
});
afterAll(async () => {
  for (const client of Object.values(clients ?? {})) client.close();
  await server?.end();
});

describe
  .skipIf(missing)
  .concurrent('R8.2 the contract of a source holds for Redis by ioredis, with a prefix before each key', () => {
    const rig = () => redisRig(clients.prefixing.send, newChannel());
    for (const { name, run } of checkSource(rig, redisFeatures)) it(name, run);
  });

/** A source whose alerts are kept, and what it hands over. */
function watched(options: Partial<RedisSourceOptions> & { readonly channel: string }) {
  const texts: string[] = [];
  const source = redisSource({
    send,
    partitions: 1,
    leaseMs: 1_000,
    onAlert: ({ text }) => texts.push(text),
    ...options,
  });
  return { source, texts, owner: collector() };
}

describe.skipIf(missing).concurrent('a publisher', () => {
  it('waits while Redis has no memory left, and members commit and remove all the same', async () => {
    const small = await RedisServer.start('--maxmemory', '4mb');
    const client = ioredisTo(small.port);
    const layout = { send: client.send, channel: 'small', partitions: 1 };
    const publisher = createRedisPublisher<string>({ ...layout, key: () => '' });
    const { source, owner, texts } = watched({ ...layout, trimEveryMs: 200 });
    await source.start(owner);
    const published = Array.from({ length: 30 }, (_, n) => publisher.publish(`${n} ${'x'.repeat(300_000)}`));
    await sleep(500);
    expect(publisher.waiting).toBeGreaterThan(0);
    let read = 0;
    while (read < 30) {
      const frames = (await owner.stays[0]?.read({ frames: 1, bytes: 1e6 }, open)) ?? [];
      for (const frame of frames) {
        expect(frame.messages().map((message) => Number.parseInt(String(message), 10))).toEqual([read++]);
        expect(await owner.stays[0]?.commit(frame.position, 5_000)).toBe('kept');
      }
    }
    await Promise.all(published);
    expect(texts).toEqual([]);
    await Promise.all([publisher, source].map((each) => each.close(1_000)));
    client.close();
    await small.end();
  });

  it.each(['ioredis', 'redis', 'bytes'] as const)('goes on by plain commands, one for each frame: %s', async (kind) => {
    const layout = { channel: newChannel(), partitions: 1 };
    const sent: string[] = [];
    const noting: RedisSend = async (args) => {
      sent.push(args[0]);
      return kind === 'bytes' ? inBytes(await send(args)) : clients[kind].send(args);
    };
    const publisher = createRedisPublisher<string>({ send: noting, ...layout, key: () => '' });
    const texts = Array.from({ length: 10 }, (_, n) => `${n} ${n % 2 === 0 ? 'x' : 'ü'}`);
    for (const text of texts) await publisher.publish(text);
    expect(sent.slice(-9)).toEqual(Array.from({ length: 9 }, () => 'XADD'));
    expect(await logOf(layout.channel)).toEqual(texts);
    await publisher.close(1_000);
  });

  it('shares a partition with others, in turns and at once: each message is there once, in the order of its publisher', async () => {
    const layout = { channel: newChannel(), partitions: 1, key: () => '', lingerMs: 0 };
    const publishers = [clients.ioredis, clients.redis, clients.ioredis].map((client) =>
      createRedisPublisher<string>({ send: client.send, ...layout }),
    );
    const counts = publishers.map(() => 0);
    const publish = (by: number): Promise<void> | undefined =>
      publishers[by]?.publish(`${by} ${counts.splice(by, 1, (counts[by] ?? 0) + 1)}`);
    for (const by of [0, 1, 0, 0, 0, 1, 1, 1, 0, 2, 0, 1, 2, 2, 2, 2, 0, 0]) await publish(by);
    await Promise.all(
      publishers.map(async (_, by) => {
        for (let n = 0; n < 50; n++) await publish(by);
      }),
    );
    const log = await logOf(layout.channel);
    publishers.forEach((_, by) => {
      const own = log.filter((text) => String(text).startsWith(String(by)));
      expect(own).toEqual(Array.from({ length: counts[by] ?? 0 }, (_, n) => `${by} ${n}`));
    });
    await Promise.all(publishers.map((each) => each.close(1_000)));
  });

  it.each([false, true])(
    'whose answers are lost sends its frames again, and they are there once; another one writes meanwhile: %s',
    async (isShared) => {
      const layout = { channel: newChannel(), partitions: 1, key: () => '' };
      const other = createRedisPublisher<number>({ send, ...layout });
      let writes = 0;
      const deaf: RedisSend = async (args) => {
        const reply = await send(args);
        if (!['EVALSHA', 'XADD'].includes(args[0]) || (!args.includes('sluice') && !String(reply).startsWith('added')))
          return reply;
        if (![2, 5, 7, 8].includes(++writes)) return reply;
        if (isShared) for (let n = 0; n < writes; n++) await other.publish(-1);
        throw new Error('the connection was cut');
      };
      const publisher = createRedisPublisher<number>({ send: deaf, ...layout });
      for (let n = 0; n < 12; n++) await publisher.publish(n);
      expect(writes).toBeGreaterThan(8);
      expect((await logOf(layout.channel)).filter((n) => n !== -1)).toEqual(Array.from({ length: 12 }, (_, n) => n));
      await Promise.all([publisher, other].map((each) => each.close(1_000)));
    },
  );

  it('whose command comes late writes nothing once another one has written, and nothing twice', async () => {
    const layout = { channel: newChannel(), partitions: 1, key: () => '' };
    const other = createRedisPublisher<number>({ send, ...layout });
    const late: Parameters<RedisSend>[0][] = [];
    const slow: RedisSend = async (args) => {
      if (args[0] !== 'XADD' || late.length > 2) return send(args);
      late.push(args);
      throw new Error('no answer');
    };
    const publisher = createRedisPublisher<number>({ send: slow, ...layout });
    for (let n = 0; n < 8; n++) await publisher.publish(n);
    await other.publish(8);
    expect(late.length).toBe(3);
    for (const args of late) await expect(send(args)).rejects.toThrow('equal or smaller');
    expect(await logOf(layout.channel)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    await Promise.all([publisher, other].map((each) => each.close(1_000)));
  });

  it.each([0, 1, 2, 9])(
    'writes no more into a channel that was removed, or made anew with %i frames, and says so',
    async (frames) => {
      const layout = { send, channel: newChannel(), partitions: 1, key: () => '' };
      const [publisher, other] = [createRedisPublisher<number>(layout), createRedisPublisher<number>(layout)];
      for (let n = 0; n < 5; n++) await publisher.publish(n);
      const made = `sluice:{${layout.channel}}`;
      // With its streams, or without them: then it takes a second.
      await send(['DEL', ...(frames > 0 ? ((await send(['KEYS', `${made}*`])) as string[]) : [made])]);
      for (let n = 0; n < frames; n++) await other.publish(n);
      await until(
        () => publisher.trouble !== undefined,
        () => void publisher.publish(5).catch(() => {}),
      );
      expect(publisher.trouble).toMatch(/^GONE the keys of the channel were removed, or it was made anew/);
      if (frames > 0) expect(await logOf(layout.channel)).toHaveLength(frames);
      await publisher.close(0);
      await other.close(1_000);
    },
  );

  it('fills a stream up to its room and no further, and goes on when all but the entry of another program went', async () => {
    const layout = { channel: newChannel(), partitions: 1, key: () => '', maxBytes: 1024 ** 2, lingerMs: 0 };
    const publishers = [1, 2].map(() => createRedisPublisher<string>({ send, ...layout }));
    const { source, owner } = watched({ channel: layout.channel, trimEveryMs: 50 });
    await source.start(owner);
    const [stay] = owner.stays;
    for (const round of [1, 2]) {
      const published = publishers.flatMap((each) =>
        Array.from({ length: 6 }, () => each.publish('x'.repeat(100_000))),
      );
      await until(() => publishers.every(({ trouble }) => trouble?.includes('full')));
      const key = await streamOf(send, layout.channel);
      // Ten frames of 100,026 bytes.
      expect(await send(['XLEN', key])).toBe(round === 1 ? 10 : 11);
      await send(['XADD', key, '*', 'hello', 'world']);
      let read = 0;
      while (read < 12) {
        for (const frame of (await stay?.read(room, open)) ?? []) {
          read += frame.bytes.length > 1_000 ? 1 : 0;
          expect(await stay?.commit(frame.position, 5_000)).toBe('kept');
        }
      }
      await Promise.all(published);
      await send(['XADD', key, '*', 'hello', 'world']);
      const [last] = (await stay?.read(room, open)) ?? [];
      expect(await stay?.commit(last?.position ?? 0, 5_000)).toBe('kept');
      await until(async () => (await send(['XLEN', key])) === 1);
    }
    await Promise.all([source, ...publishers].map((each) => each.close(1_000)));
  });
});

describe.skipIf(missing).concurrent('what somebody else does to a stream:', () => {
  /** A publisher, and a member on the same partition once it is started. */
  function pair(through = send) {
    const layout = { send: through, channel: newChannel() };
    const options = { ...layout, partitions: 1, key: () => '', maxBytes: 1024 ** 2, lingerMs: 0 };
    const publishers = [1, 2].map(() => createRedisPublisher<string>(options));
    const publish = async (...texts: string[]) => {
      for (const text of texts) await publishers[0]?.publish(text);
      return streamOf(through, layout.channel);
    };
    const { source, owner, texts } = watched({ ...layout, trimEveryMs: 1_500 });
    const end = () => Promise.all([source, ...publishers].map((each) => each.close(1_000)));
    return { ...layout, publishers, publish, source, owner, texts, end };
  }

  it('one that is removed goes on behind the positions that its publisher has given away', async () => {
    const { end, owner, publish, source } = pair();
    await send(['DEL', await publish('a', 'b', 'c')]);
    await publish('d');
    await source.start(owner);
    expect((await readUntil(owner.stays[0], 1)).map(({ position }) => position)).toEqual([4]);
    await end();
  });

  it('one that is removed after it was read raises an alert', async () => {
    const { channel, end, owner, publish, source, texts } = pair();
    await source.start(owner);
    const key = await publish('a');
    await readUntil(owner.stays[0], 1);
    await send(['DEL', key]);
    const gone = `partition 0 of ${channel} cannot be read: GONE ${key} was removed`;
    await until(
      () => texts.includes(gone),
      () => owner.stays[0]?.read(room, open),
    );
    await end();
  });

  it('frames that a failover lost while nobody read are a gap, once their publisher goes on', async () => {
    // Its first copy makes a server another one.
    const first = await RedisServer.start('--repl-diskless-sync-delay', '0');
    const before = ioredisTo(first.port);
    let now = before.send;
    const { end, owner, publish, source } = pair((args) => now(args));
    await publish('a', 'b', 'c');
    const [next, after] = await copyOf(first, before.send);
    await after.send(['REPLICAOF', 'NO', 'ONE']);
    await publish('lost', 'lost, too');
    // As a connection that is cut: the next command is the script.
    now = (args) => (args[0] === 'XADD' ? Promise.reject(new Error('cut')) : after.send(args));
    await publish('d');
    await source.start(owner);
    expect((await readUntil(owner.stays[0], 4)).map(({ position }) => position)).toEqual([1, 2, 3, 6]);
    await end();
    for (const client of [before, after]) client.close();
    for (const each of [first, next]) await each.end();
  });

  it('one that was full and is emptied takes frames again', async () => {
    const { channel, end, owner, publishers, source } = pair();
    await source.start(owner);
    const published = Array.from({ length: 14 }, (_, n) => publishers[n % 2]?.publish('x'.repeat(100_000)));
    await until(() => publishers.every(({ trouble }) => trouble?.includes('full')));
    const read = async (frames: number): Promise<void> => {
      for (const frame of (await owner.stays[0]?.read({ ...room, frames }, open)) ?? [])
        await owner.stays[0]?.commit(frame.position, 5_000);
    };
    await read(1);
    await send(['XTRIM', await streamOf(send, channel), 'MAXLEN', '0']);
    while (publishers.some(({ waiting }) => waiting > 0)) await read(1_000);
    await Promise.all(published);
    await end();
  });

  it('entries of another program, however many, do not hold Redis up', async () => {
    const { end, publish } = pair();
    const script = `for n = 2, 20000 do redis.call('XADD', KEYS[1], n .. '-0', 'hello', 'world') end`;
    await send(['EVAL', script, '1', await publish('a')]);
    await send(['CONFIG', 'RESETSTAT']);
    await publish('b');
    const [, calls] = /cmdstat_xrevrange:calls=(\d+)/.exec(String(await send(['INFO', 'commandstats']))) ?? [];
    expect(Number(calls)).toBeLessThanOrEqual(1_000);
    await end();
  });

  it('entries of one millisecond, also behind a frame, come one by one, and frames in their order', async () => {
    const { end, owner, publish, source, texts } = pair();
    const key = await publish('a', 'b');
    let entries = 0;
    const foreign = (...ids: string[]) =>
      Promise.all(ids.map((id) => send(['XADD', key, id, 'hello', `${++entries}`])));
    await foreign('2-1', '7-3', '7-4', '7-5');
    await publish('c', 'd');
    await source.start(owner);
    const frames: Frame[] = [];
    const readTo = async (count: number): Promise<void> => {
      while (frames.length < count) frames.push(...((await owner.stays.at(-1)?.read(room, open)) ?? []));
    };
    await readTo(8);
    await foreign(`${frames.at(-1)?.position}-7`, '*', '9000000000000-*', '9000000000000-*');
    await readTo(12);
    await publish('e');
    await readTo(13);
    const read = frames.map(({ bytes }) => bytes.toString());
    expect(read.filter((text) => !text.includes('hello')).map((text) => text.at(-3))).toEqual([...'abcde']);
    expect(new Set(read).size).toBe(13);
    expect(frames.filter(({ gap }) => gap !== undefined)).toEqual([]);
    expect(await owner.stays[0]?.commit(frames.at(-1)?.position ?? 0, 1_000)).toBe('kept');
    await source.close(1_000);
    await source.start(owner);
    await publish('f');
    await readTo(14);
    expect(frames.at(-1)?.messages()).toEqual(['f']);
    expect(texts).toEqual([]);
    await end();
  });

  it('an entry above 2^53, behind which nothing can be written, is reported by both sides until it is removed', async () => {
    const { channel, end, owner, publish, publishers, source, texts } = pair();
    const key = await publish('a');
    await source.start(owner);
    await send(['XADD', key, '9007199254740993-0', 'hello', 'world']);
    const published = publish('b');
    const why = `${key} has an entry of another program above 2^53, behind which nothing can be written: remove it with XDEL, and set the end back with XSETID`;
    const seen: unknown[] = [];
    const read = async (): Promise<void> => {
      for (const frame of (await owner.stays[0]?.read(room, open)) ?? []) seen.push(...frame.messages());
    };
    await until(() => texts.length > 0 && publishers[0]?.trouble !== undefined, read);
    expect(texts).toEqual([`partition 0 of ${channel} cannot be read: ${why}`]);
    expect(publishers[0]?.trouble).toContain(why);
    await send(['XDEL', key, '9007199254740993-0']);
    await send(['XSETID', key, '1-0']);
    await published;
    await until(() => seen.length === 2, read);
    expect(seen).toEqual(['a', 'b']);
    await end();
  });

  it.each(['abc', 'zz', '0', 'é'])('an entry whose header is %s is one of another program', async (header) => {
    const { end, owner, publish, source } = pair();
    await send(['XADD', await publish('a'), '2-0', 'sluice', `a:0:1  0 ${header}`, 'frame', 'hello']);
    await publish('b');
    await source.start(owner);
    const positions: number[] = [];
    while (positions.length < 3)
      positions.push(...((await owner.stays[0]?.read(room, open)) ?? []).map(({ position }) => position));
    expect(positions).toEqual([1, 2, 3]);
    await end();
  });
});

/** A server that has all that another one has, and gets what that one gets. */
async function copyOf({ port }: RedisServer, toLeader: RedisSend) {
  const copy = await RedisServer.start();
  const client = ioredisTo(copy.port);
  await client.send(['REPLICAOF', '127.0.0.1', String(port)]);
  await until(async () => String(await client.send(['INFO', 'replication'])).includes('master_link_status:up'));
  await toLeader(['WAIT', '1', '0']);
  return [copy, client] as const;
}

/** A reply as some clients give it. */
function inBytes(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(inBytes);
  return typeof reply === 'string' ? Buffer.from(reply) : reply;
}

/** All messages of partition 0. Each entry follows the one before it, and counts the bytes before it. */
async function logOf(channel: string): Promise<readonly unknown[]> {
  const entries = (await send(['XRANGE', await streamOf(send, channel), '-', '+'])) as [string, string[]][];
  let [last, bytes] = ['', 0];
  return entries.flatMap(([id, [, head = '', , body = '']], index) => {
    const [frame = '', after, at, hex = ''] = head.split(' ');
    expect([id, after, Number(at)]).toEqual([`${index + 1}-0`, last, bytes]);
    [last, bytes] = [frame, bytes + hex.length + Buffer.byteLength(body)];
    return decodeFrame(frameOfTexts(hex, body));
  });
}

/** What a process is told at its start. */
async function refusal(options: Partial<RedisSourceOptions>): Promise<string> {
  const { source, owner } = watched({ channel: newChannel(), ...options });
  const message = await source.start(owner).then(
    () => 'it started',
    (error: Error) => error.message,
  );
  await source.close(0);
  return message;
}

describe.skipIf(missing)('a server that cannot be used', () => {
  it('is refused with every wrong setting at once, and nothing is made there', async () => {
    const wrong = await RedisServer.start('--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru');
    const client = ioredisTo(wrong.port);
    const message = await refusal({ send: client.send });
    expect(message).toContain('appendonly is no and must be yes');
    expect(message).toContain('maxmemory-policy is allkeys-lru and must be noeviction');
    expect(await client.send(['DBSIZE'])).toBe(0);
    client.close();
    await wrong.end();
  });

  it('that is a replica is refused with the address of its leader', async () => {
    const replica = await RedisServer.start('--replicaof', `127.0.0.1 ${server.port}`);
    const client = await nodeRedisTo(replica.port);
    const message = await refusal({ send: client.send });
    expect(message).toContain(
      `it is a replica, which cannot be written: connect to its leader, 127.0.0.1:${server.port}`,
    );
    client.close();
    await replica.end();
  });

  it('that is not there is named', async () => {
    const client = ioredisTo(await freePort());
    expect(await refusal({ send: client.send })).toMatch(/^Redis cannot be used: .*(ECONNREFUSED|max retries)/);
    client.close();
  });

  it('that wants a password, or another one, is named', async () => {
    const secret = await RedisServer.start('--requirepass', 'right');
    const none = ioredisTo(secret.port);
    expect(await refusal({ send: none.send })).toMatch(/^Redis cannot be used: .*NOAUTH/);
    none.close();
    const wrong = ioredisTo(secret.port, { password: 'wrong' });
    expect(await refusal({ send: wrong.send })).toMatch(/WRONGPASS|NOAUTH/);
    wrong.close();
    await secret.end();
  });

  it.each(['HGET', 'XADD'])('that does not let this user run %s in a script is named', async (command) => {
    await send(['ACL', 'SETUSER', 'some', 'on', '>r', '~*', '+@all', `-${command}`]);
    const some = ioredisTo(server.port, { username: 'some', password: 'r' });
    const publisher = createRedisPublisher({ send: some.send, channel: newChannel(), partitions: 1, key: () => '' });
    publisher.publish(1).catch(() => {});
    const text = `NOPERM this user has no permissions to run ${command} in a script of sluice`;
    await until(() => publisher.trouble === text);
    await publisher.close(1);
    some.close();
  });

  it.each([
    [8, 4],
    [4, 8],
  ])('channels of %i partitions are not read as %i', async (made, read) => {
    const channel = newChannel();
    const { source, owner } = watched({ channel, partitions: made });
    await source.start(owner);
    await source.close(1_000);
    const text = `it was made for ${made} partitions, and this process has ${read}`;
    expect(await refusal({ channel, partitions: read })).toContain(text);
  });

  it('a key of another program is named', async () => {
    const channel = newChannel();
    await send(['SET', `sluice:{${channel}}`, 'mine']);
    expect(await refusal({ channel })).toContain('is not a hash: another program uses this key');
  });

  it.each([
    [{ partitions: 0 }, /partitions must be a whole number from 1 to 1024, got 0/],
    [{ channel: 'a.b' }, /channel must be letters, digits, - and _, got 'a.b'/],
    [{ send: {} as RedisSend }, /send must be a function that sends a command, got object/],
    [{ lease: 5 }, /unknown option 'lease'; did you mean 'leaseMs'/],
  ])('no source is made with %j', (options, message) => {
    expect(() => redisSource({ send, channel: 'x', partitions: 1, ...options })).toThrow(message);
  });

  it('no publisher is made with room for less than a frame', () => {
    const options = { send, channel: 'x', partitions: 1, key: () => '', maxBytes: 5 };
    expect(() => createRedisPublisher(options)).toThrow(
      /maxBytes must be a whole number from 1048576 to 9007199254740991, got 5/,
    );
  });

  it('a send that resolves with something else is named', async () => {
    expect(await refusal({ send: async (args) => (args[0] === 'INFO' ? send(args) : 'OK') })).toContain(
      'send must resolve with the reply as it is',
    );
  });
});

describe.skipIf(missing)('a Redis', () => {
  it('answers with two megabytes at most, whatever has piled up: a larger answer would come too late, again and again', async () => {
    const layout = { channel: newChannel(), partitions: 4 };
    const publisher = createRedisPublisher<string>({ send, ...layout, key: (text) => text.slice(0, 3) });
    const texts = Array.from({ length: 900 }, (_, n) => `${n + 100}${'x'.repeat(30_000)}`);
    await publisher.publish(texts);
    const sizes: number[] = [];
    const measured: RedisSend = async (args) => {
      const reply = await send(args);
      sizes.push(JSON.stringify(reply).length);
      return reply;
    };
    const { source, owner } = watched({ ...layout, send: measured });
    await source.start(owner);
    const wanted = (partition: number): number =>
      texts.filter((text) => partitionOf(text.slice(0, 3), 4) === partition).length;
    await Promise.all(owner.stays.map((stay) => readUntil(stay, wanted(stay.partition))));
    // Each partition gets one frame at least.
    expect(Math.max(...sizes)).toBeLessThan(3 * 1024 ** 2);
    await Promise.all([publisher, source].map((each) => each.close(1_000)));
  });

  it('answers partitions that are all far behind with a few megabytes together: renewals of their leases wait behind it', async () => {
    const layout = { channel: newChannel(), partitions: 8 };
    const publisher = createRedisPublisher<string>({ send, ...layout, key: (text) => text.slice(0, 3), lingerMs: 0 });
    for (let round = 0; round < 30; round++)
      await publisher.publish(Array.from({ length: 32 }, (_, n) => `${n + 100}${'x'.repeat(25_000)}`));
    let bytes = 0;
    const measured: RedisSend = async (args) => {
      const reply = await send(args);
      bytes += JSON.stringify(reply).length;
      return reply;
    };
    const { source, owner } = watched({ ...layout, send: measured });
    await source.start(owner);
    await Promise.all(owner.stays.map((stay) => stay.read(room, open)));
    // 16 MB if each partition had two for itself.
    expect(bytes).toBeLessThan(12 * 1024 ** 2);
    await Promise.all([publisher, source].map((each) => each.close(1_000)));
  });

  it('is asked for few frames once a large answer failed to come, so frames that grow are read also on a slow line', async () => {
    const layout = { channel: newChannel(), partitions: 1, key: () => '', lingerMs: 0 };
    const publisher = createRedisPublisher<string>({ send, ...layout });
    for (let n = 0; n < 140; n++) await publisher.publish('x'.repeat(n < 70 ? 1_000 : 100_000));
    let failures = 0;
    const slow: RedisSend = async (args) => {
      const reply = await send(args);
      if (args[0] !== 'XREAD' || JSON.stringify(reply).length < 3e6) return reply;
      failures++;
      throw new Error('no answer');
    };
    const { source, owner } = watched({ channel: layout.channel, send: slow });
    await source.start(owner);
    await readUntil(owner.stays[0], 140);
    expect(failures).toBeLessThan(3);
    await Promise.all([publisher, source].map((each) => each.close(1_000)));
  });

  it('is asked once for what came to all partitions, also when one of them never had a frame', async () => {
    const layout = { channel: newChannel(), partitions: 2, key: (text: string) => text, lingerMs: 0 };
    const publisher = createRedisPublisher<string>({ send, ...layout });
    const counts: number[] = [];
    const noting: RedisSend = (args) => {
      if (args[0] === 'XREAD' && args.length === 8) counts.push(Number(args[2]));
      return send(args);
    };
    const { source, owner } = watched({ channel: layout.channel, partitions: 2, send: noting });
    await source.start(owner);
    await publisher.publish('a');
    await until(() => owner.stays.length === 2);
    await readUntil(owner.stays[partitionOf('a', 2)], 1);
    await Promise.all(owner.stays.map((stay) => stay.read(room, open)));
    expect(Math.max(...counts)).toBeGreaterThan(10);
    await Promise.all([publisher, source].map((each) => each.close(1_000)));
  });

  it('that was wiped is told, nothing is read from what was made anew, and a start reads from its beginning', async () => {
    const wiped = await RedisServer.start();
    const client = ioredisTo(wiped.port);
    const layout = { send: client.send, channel: 'wiped', partitions: 1 };
    const publish = async (n: number): Promise<void> => {
      const publisher = createRedisPublisher<number>({ ...layout, key: () => '' });
      await publisher.publish(n);
      await publisher.close(1_000);
    };
    const { source, owner, texts } = watched(layout);
    await source.start(owner);
    await publish(1);
    await readUntil(owner.stays[0], 1);
    await client.send(['FLUSHALL']);
    await publish(2);
    await until(() => texts.length > 0);
    expect(texts[0]).toMatch(
      /GONE the keys of the channel were removed, or it was made anew: start this process again/,
    );
    expect(await owner.stays[0]?.read(room, open)).toEqual([]);
    await source.close(1_000);
    await source.start(owner);
    expect((await readUntil(owner.stays.at(-1), 1)).map((frame) => [frame.position, frame.messages()])).toEqual([
      [1, [2]],
    ]);
    await source.close(1_000);
    client.close();
    await wiped.end();
  });

  it('that becomes a replica, evicts, or gives its user another password, is reported in its own words, and members go on afterwards', async () => {
    const own = await RedisServer.start();
    const admin = ioredisTo(own.port);
    const give = (password: string) =>
      admin.send(['ACL', 'SETUSER', 'u', 'on', '~*', '+@all', 'resetpass', `>${password}`]);
    await give('x');
    const client = ioredisTo(own.port, { username: 'u', password: 'x', retryStrategy: () => 50 });
    const { source, owner, texts } = watched({ send: client.send, channel: 'x' });
    await source.start(owner);
    await admin.send(['REPLICAOF', '127.0.0.1', '1']);
    await until(() => texts.length === 1);
    await admin.send(['REPLICAOF', 'NO', 'ONE']);
    await until(() => texts.length === 2);
    await admin.send(['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru']);
    await until(() => texts.length === 3);
    await admin.send(['CONFIG', 'SET', 'maxmemory-policy', 'noeviction']);
    await until(() => texts.length === 4);
    await give('y');
    await admin.send(['CLIENT', 'KILL', 'USER', 'u']);
    await until(() => texts.some((text) => text.includes('WRONGPASS')));
    await give('x');
    await until(() => texts.at(-1) === 'the broker of x can be used again');
    expect(texts[0]).toBe(`the broker of x cannot be used: READONLY You can't write against a read only replica.`);
    expect(texts[2]).toMatch(
      /^the broker of x is not as it must be: maxmemory-policy is allkeys-lru and must be noeviction/,
    );
    await source.close(1_000);
    for (const { close } of [client, admin]) close();
    await own.end();
  });

  it.each([
    [1, 'position 4 has another frame: '],
    [2, 'position 5 has another frame: none'],
    [0, ''],
  ])(
    'that lost its last %i frames in a failover halts the partition, also when publishers go on, and skips no other frame',
    async (lost, sign) => {
      const first = await RedisServer.start('--repl-diskless-sync-delay', '0');
      const before = ioredisTo(first.port);
      let now = before.send;
      let renewals = Promise.resolve();
      const through: RedisSend = async (args) => {
        if (args.some((arg) => String(arg).endsWith(':cells'))) await renewals;
        return now(args);
      };
      const layout = { send: through, channel: 'x' };
      const [publisher, other] = [1, 2].map(() =>
        createRedisPublisher<string>({ ...layout, partitions: 1, key: () => '' }),
      );
      const { source, owner, texts } = watched(layout);
      await source.start(owner);
      for (const text of ['a', 'b', 'c']) await publisher?.publish(text);
      const [second, after] = await copyOf(first, before.send);
      const failover = new AbortController();
      renewals = once(failover.signal, 'abort').then(() => {});
      await after.send(['REPLICAOF', 'NO', 'ONE']);
      for (let n = 0; n < lost; n++) await publisher?.publish(`lost ${n}`);
      expect((await readUntil(owner.stays[0], 3 + lost)).at(-1)?.position).toBe(3 + lost);
      now = after.send;
      failover.abort();
      await other?.publish('d');
      await publisher?.publish('e');
      const seen: unknown[] = [];
      const read = async (): Promise<void> => {
        for (const frame of (await owner.stays.at(-1)?.read(room, open)) ?? []) seen.push(...frame.messages());
      };
      if (lost > 0) {
        await until(() => texts.length > 0, read);
        expect(texts).toEqual([expect.stringContaining(sign)]);
        expect(seen).toEqual([]);
        expect(source.partitions()[0]?.state).toBe('halted');
        expect(await source.resumeAfter(0, 3)).toBe(true);
        await until(() => owner.stays.length > 1);
      }
      await until(() => seen.length === 2, read);
      expect(seen).toEqual(['d', 'e']);
      for (const each of [publisher, other, source]) await each?.close(1_000);
      for (const client of [before, after]) client.close();
      for (const each of [first, second]) await each.end();
    },
  );
});
