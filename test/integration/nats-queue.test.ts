import { AckPolicy, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/adapters/system-clock.ts';
import type { Assigned, Source } from '../../src/core/source-port.ts';
import { createRouter, defineChannel } from '../../src/index.ts';
import { type NatsQueueOptions, natsQueue } from '../../src/nats/index.ts';
import { natsQueueOn } from '../../src/nats/nats-queue.ts';
import { checkSource } from '../../src/testing/check-source.ts';
import type { SourceRig } from '../../src/testing/source-rig.ts';
import { mortalClock } from '../support/mortal-clock.ts';
import { NatsServer, whyWithoutNats } from '../support/nats-server.ts';

const missing = whyWithoutNats();
let server: NatsServer;
let connection: NatsConnection;
let manager: JetStreamManager;
let streams = 0;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
const room = { frames: 1_000, bytes: 1e7 };
const open = new AbortController().signal;

beforeAll(async () => {
  if (missing !== undefined) return;
  server = await NatsServer.start();
  connection = await server.connect();
  manager = await jetstreamManager(connection);
});
afterAll(() => server?.end());

/** A stream that somebody else made, with a subject of its name. */
async function newStream(): Promise<string> {
  const stream = `orders${++streams}`;
  await manager.streams.add({ name: stream, subjects: [`${stream}.>`] });
  return stream;
}

async function publish(stream: string, ...messages: readonly unknown[]): Promise<void> {
  for (const message of messages) await connection.request(`${stream}.new`, JSON.stringify(message));
}

const many = (bytes: Uint8Array): readonly unknown[] =>
  JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));

async function queueRig(): Promise<SourceRig> {
  const stream = await newStream();
  const join = (): Source => natsQueue({ connection, stream, consumer: 'sluice', decode: many });
  let source = join();
  return {
    get source() {
      return source;
    },
    append: (messages) => publish(stream, messages),
    appendBytes: async (bytes) => void (await connection.request(`${stream}.new`, bytes)),
    advance: (ms) => sleep(Math.min(ms, 3_000)),
    async restart() {
      await source.close(2_000);
      source = join();
    },
    end: () => source.close(2_000),
  };
}

describe.skipIf(missing).concurrent('of the contract of a source a queue keeps what needs no owner', () => {
  for (const { name, missing: feature, run } of checkSource(queueRig, ['undecodable']))
    it.skipIf(feature)(feature === undefined ? name : `${name} (a queue is not ${feature})`, run);
});

/** A process that reads the queue. */
async function started(
  options: Partial<NatsQueueOptions> & Pick<NatsQueueOptions, 'stream'>,
  clock = createSystemClock(),
) {
  const source = natsQueueOn(clock, { connection, consumer: 'sluice', ...options });
  const stays: Assigned[] = [];
  await source.start({ assigned: (stay) => stays.push(stay), revoke: async () => {} });
  const [stay] = stays;
  if (stay === undefined) throw new Error('nothing was assigned');
  const read = async (count: number): Promise<unknown[]> => {
    const messages: unknown[] = [];
    while (messages.length < count) for (const frame of await stay.read(room, open)) messages.push(...frame.messages());
    return messages;
  };
  return { source, stay, read };
}

describe.skipIf(missing).concurrent('a queue', () => {
  it('of a process that dies is delivered to another one after the wait, and nothing is skipped', async () => {
    const stream = await newStream();
    await publish(stream, 1, 2, 3, 4);
    const clock = mortalClock(createSystemClock());
    const own = await server.connect();
    const dead = await started({ stream, ackWaitMs: 1_000, connection: own }, clock);
    await dead.read(4);
    expect(await dead.stay.commit(1, 1_000)).toBe('kept');
    clock.kill();
    await own.close();
    const next = await started({ stream, ackWaitMs: 1_000 });
    expect(await next.read(3)).toEqual([2, 3, 4]);
    await next.source.close(1_000);
  });

  it('is not delivered to others while this process has it, however long', async () => {
    const stream = await newStream();
    await publish(stream, 1, 2);
    const slow = await started({ stream, ackWaitMs: 600 });
    expect(await slow.read(2)).toEqual([1, 2]);
    const other = await started({ stream, ackWaitMs: 600 });
    expect(await other.stay.read(room, open)).toEqual([]);
    expect(await other.stay.read(room, open)).toEqual([]);
    expect(await slow.stay.commit(2, 1_000)).toBe('kept');
    await slow.source.close(1_000);
    await other.source.close(1_000);
  });

  it('is shared by processes message by message: each message is read by one of them', async () => {
    const stream = await newStream();
    const both = [await started({ stream }), await started({ stream })];
    const seen: unknown[] = [];
    await publish(stream, ...Array.from({ length: 100 }, (_, n) => n));
    while (seen.length < 100)
      for (const { stay } of both) {
        const frames = await stay.read({ frames: 10, bytes: 1e6 }, open);
        seen.push(...frames.flatMap((frame) => frame.messages()));
        await stay.commit(frames.at(-1)?.position ?? 0, 1_000);
      }
    expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 100 }, (_, n) => n));
    for (const { source } of both) await source.close(1_000);
  });

  it('whose former messages come again has them wait for the commit of the later ones, so that positions grow', async () => {
    const stream = await newStream();
    await publish(stream, 1, 2, 3);
    const first = await started({ stream });
    const [one] = await first.stay.read({ frames: 1, bytes: 1e6 }, open);
    const second = await started({ stream });
    expect(await second.read(2)).toEqual([2, 3]);
    await first.source.close(1_000);
    expect(one?.messages()).toEqual([1]);
    expect(await second.stay.read(room, open)).toEqual([]);
    expect(await second.stay.commit(3, 1_000)).toBe('kept');
    expect(await second.read(1)).toEqual([1]);
    expect(await second.stay.commit(1, 1_000)).toBe('kept');
    const { num_ack_pending, num_pending } = await manager.consumers.info(stream, 'sluice');
    expect([num_ack_pending, num_pending]).toEqual([0, 0]);
    await second.source.close(1_000);
  });

  it('brings no more than its window before something is acknowledged', async () => {
    const stream = await newStream();
    await publish(stream, 1, 2, 3);
    const { source, stay, read } = await started({ stream, maxAckPending: 2 });
    expect(await read(2)).toEqual([1, 2]);
    expect(await stay.read(room, open)).toEqual([]);
    expect(await stay.commit(1, 1_000)).toBe('kept');
    expect(await read(1)).toEqual([3]);
    await source.close(1_000);
  });

  it('reads one subject of the stream if it is told to', async () => {
    const stream = await newStream();
    await publish(stream, 'other');
    await connection.request(`${stream}.mine`, '"mine"');
    const { source, read } = await started({ stream, subject: `${stream}.mine` });
    expect(await read(1)).toEqual(['mine']);
    await source.close(1_000);
  });

  it('is delivered by a router, which acknowledges what its sink has', async () => {
    const stream = await newStream();
    const delivered: unknown[] = [];
    const router = createRouter({
      channels: { order: defineChannel({ process: (batch: readonly unknown[]) => void delivered.push(...batch) }) },
      sources: { orders: { source: natsQueue({ connection, stream, consumer: 'sluice' }), dataType: 'order' } },
      deadLetters: { store: 'memory' },
    });
    await router.start();
    await publish(stream, { n: 1 }, { n: 2 });
    while (delivered.length < 2) await sleep(10);
    await router.stop({ deadlineMs: 5_000 });
    expect(delivered).toEqual([{ n: 1 }, { n: 2 }]);
    expect((await manager.consumers.info(stream, 'sluice')).num_ack_pending).toBe(0);
  });

  it('whose consumer was removed fails its read, so that the router starts it anew', async () => {
    const stream = await newStream();
    const { source, stay } = await started({ stream });
    await stay.read(room, open);
    await manager.consumers.delete(stream, 'sluice');
    const failed = (async () => {
      for (;;) await stay.read(room, open);
    })();
    await expect(failed).rejects.toThrow(`the reader of ${stream} ended`);
    await source.close(1_000);
  });
});

describe.skipIf(missing)('a queue that cannot be read', () => {
  it('whose connection is cut says so, until it is back', async () => {
    const { source } = await started({ stream: await newStream() });
    const told = () => source.troubles?.().unreachable;
    expect(told()).toBeUndefined();
    await server.kill();
    while (told() !== 'the connection to NATS is cut') await sleep(10);
    await server.run();
    while (told() !== undefined) await sleep(10);
    await source.close(1_000);
  });

  it('whose user may not acknowledge says so, also when it was started again, until something is acknowledged', async () => {
    const rights = (deny: string): string => `jetstream {}
      authorization { users = [{ user: u, password: x, permissions: { publish: { deny: "${deny}" } } }] }`;
    const strict = await NatsServer.start(rights('$JS.ACK.>'));
    const own = await strict.connect({ user: 'u', pass: 'x' });
    await (await jetstreamManager(own)).streams.add({ name: 'o', subjects: ['o.>'] });
    for (const n of [1, 2]) await own.request('o.new', String(n));
    const router = createRouter({
      channels: { order: defineChannel({ process: () => {} }) },
      sources: {
        orders: {
          source: natsQueue({ connection: own, stream: 'o', consumer: 'c', ackWaitMs: 500 }),
          dataType: 'order',
        },
      },
      deadLetters: { store: 'memory' },
    });
    await router.start();
    const alerts = (): string => JSON.stringify(router.alerts);
    while (!alerts().includes('consumer c of o cannot be used: Permissions Violation for Publish to')) await sleep(10);
    strict.reload(rights('other'));
    while (alerts().includes('cannot be used')) await sleep(10);
    await router.stop({ deadlineMs: 5_000 });
    await strict.end();
  });

  it('is refused with every wrong setting of its consumer at once', async () => {
    const stream = await newStream();
    await manager.consumers.add(stream, {
      durable_name: 'sluice',
      ack_policy: AckPolicy.All,
      max_ack_pending: 7,
      max_deliver: 5,
      filter_subject: `${stream}.mine`,
    });
    const refused = started({ stream }).then(
      () => 'it started',
      (error: Error) => error.message,
    );
    for (const word of [
      'ack_policy is "all" and must be "explicit"',
      'max_deliver is 5 and must be -1',
      'max_ack_pending is 7 and must be 1000',
      `filter_subject is "${stream}.mine" and must be left out`,
    ])
      expect(await refused).toContain(word);
  });

  it('is named: a stream that is not there', async () => {
    await expect(started({ stream: 'nothing' })).rejects.toThrow(
      /consumer sluice of nothing cannot be made: .*stream not found/,
    );
  });

  it.each([
    [{ stream: 'a.b' }, /stream must be a name of NATS, got 'a.b'/],
    [{ ackWaitMs: 1 }, /ackWaitMs must be a whole number from 100/],
    [{ maxAckPending: 0 }, /maxAckPending/],
    [{ connection: {} as NatsConnection }, /connection must be a connection/],
    [{ ack: 5 }, /unknown option 'ack'/],
  ])('is not made with %j', (options, message) => {
    expect(() => natsQueue({ connection, stream: 'x', consumer: 'y', ...options })).toThrow(message);
  });
});
