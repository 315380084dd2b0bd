import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createRedisPublisher,
  partitionOf,
  type RedisSend,
  type RedisSourceOptions,
  redisSource,
} from '../../src/redis/index.ts';
import { checkSource } from '../../src/testing/check-source.ts';
import { collector, open, readUntil, room, until } from '../support/broker-rigs.ts';
import { freePort } from '../support/free-port.ts';
import { redisFeatures, redisRig } from '../support/redis-rig.ts';
import { ioredisTo, nodeRedisTo, RedisServer, whyWithoutRedis } from '../support/redis-server.ts';

const missing = whyWithoutRedis();
if (missing !== undefined) process.stderr.write(`the tests with Redis are left out: ${missing}\n`);

let server: RedisServer;
let clients: Readonly<Record<'ioredis' | 'redis', { readonly send: RedisSend; close(): void }>>;
let send: RedisSend;
let channels = 0;
const newChannel = (): string => `c${++channels}`;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

beforeAll(async () => {
  if (missing !== undefined) return;
  server = await RedisServer.start();
  clients = { ioredis: ioredisTo(server.port), redis: await nodeRedisTo(server.port) };
  send = clients.ioredis.send;
});
afterAll(async () => {
  for (const client of Object.values(clients ?? {})) client.close();
  await server?.end();
});

describe.skipIf(missing)('R8.2 the contract of a source holds for Redis by ioredis', () => {
  for (const { name, run } of checkSource(() => redisRig(send, newChannel()), redisFeatures)) it(name, run);
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

describe.skipIf(missing)('a publisher', () => {
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
    await publisher.close(1_000);
    await source.close(1_000);
    client.close();
    await small.end();
  });

  it('whose answers were lost sends its frames again, and they are there once, also when another one wrote meanwhile', async () => {
    const layout = { channel: newChannel(), partitions: 1 };
    const other = createRedisPublisher<number>({ send, ...layout, key: () => '' });
    let appends = 0;
    const deaf: RedisSend = async (args) => {
      const reply = await send(args);
      if (String(reply) !== 'added' || ++appends > 2) return reply;
      if (appends === 2) await other.publish(9);
      throw new Error('the connection was cut');
    };
    const publisher = createRedisPublisher<number>({ send: deaf, ...layout, key: () => '' });
    await publisher.publish(1);
    await publisher.publish(2);
    await publisher.publish(3);
    const { source, owner } = watched(layout);
    await source.start(owner);
    const frames = await readUntil(owner.stays[0], 4);
    expect(frames.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
    expect(frames.flatMap((frame) => frame.messages())).toEqual([1, 2, 9, 3]);
    await Promise.all([publisher, other].map((each) => each.close(1_000)));
    await source.close(1_000);
  });
});

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

  it('that does not let this user write is named', async () => {
    await send(['ACL', 'SETUSER', 'reader', 'on', '>r', '~*', '+@read', '+info', '+eval', '+evalsha']);
    const reader = ioredisTo(server.port, { username: 'reader', password: 'r' });
    expect(await refusal({ send: reader.send })).toMatch(
      /Redis cannot be used: .*The user executing the script can't run this command/,
    );
    reader.close();
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

  it('keys of another program are all named', async () => {
    const channel = newChannel();
    await send(['SET', `sluice:{${channel}}:0`, 'mine']);
    await send(['LPUSH', `sluice:{${channel}}:cells`, 'mine']);
    const message = await refusal({ channel });
    expect(message).toContain(`sluice:{${channel}}:0 is a string and must be a stream: another program uses this key`);
    expect(message).toContain(`sluice:{${channel}}:cells is a list and must be a hash`);
    await send(['SET', `sluice:{${channel}x}`, 'mine']);
    expect(await refusal({ channel: `${channel}x` })).toContain('is not a hash: another program uses this key');
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
    await publisher.close(1_000);
    await source.close(1_000);
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
    await publisher.close(1_000);
    await source.close(1_000);
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

  it('that becomes a replica, or gives its user another password, is reported in its own words, and members go on afterwards', async () => {
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
    await give('y');
    await admin.send(['CLIENT', 'KILL', 'USER', 'u']);
    await until(() => texts.some((text) => text.includes('WRONGPASS')));
    await give('x');
    await until(() => texts.at(-1) === 'the broker of x can be used again');
    expect(texts[0]).toBe(`the broker of x cannot be used: READONLY You can't write against a read only replica.`);
    await source.close(1_000);
    for (const { close } of [client, admin]) close();
    await own.end();
  });

  it('that lost its end halts the partition, also when other frames have the numbers since', async () => {
    const layout = { channel: newChannel(), partitions: 1 };
    const stream = `sluice:{${layout.channel}}:0`;
    const publisher = createRedisPublisher<number>({ send, ...layout, key: () => '' });
    const { source, owner, texts } = watched(layout);
    await source.start(owner);
    await publisher.publish(1);
    const [dumped, end] = [await send(['XRANGE', stream, '-', '+']), await send(['HGETALL', `${stream}:end`])];
    await publisher.publish(2);
    await readUntil(owner.stays[0], 2);
    // What a replica that was one frame behind would have.
    await send(['MULTI']);
    await send(['DEL', stream, `${stream}:end`]);
    await send(['HSET', `${stream}:end`, ...(end as string[])]);
    for (const [id, fields] of dumped as [string, string[]][]) await send(['XADD', stream, id, ...fields]);
    await send(['EXEC']);
    await publisher.publish(3);
    await publisher.publish(4);
    await until(
      () => texts.length > 0,
      () => owner.stays[0]?.read(room, open),
    );
    expect(texts).toEqual([expect.stringMatching(/^position 2 has another frame: /)]);
    expect(source.partitions()[0]?.state).toBe('halted');
    expect(await source.resumeAfter(0, 1)).toBe(true);
    await until(() => owner.stays.length > 1);
    expect((await readUntil(owner.stays[1], 2)).flatMap((frame) => frame.messages())).toEqual([3, 4]);
    await publisher.close(1_000);
    await source.close(1_000);
  });
});
