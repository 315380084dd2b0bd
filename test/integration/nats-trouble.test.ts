import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Assigned, Frame } from '../../src/core/source-port.ts';
import { createNatsPublisher, natsLetters, natsSource } from '../../src/nats/index.ts';
import { collector, open, room, until } from '../support/broker-rigs.ts';
import { NatsServer, whyWithoutNats } from '../support/nats-server.ts';

const missing = whyWithoutNats();

async function startServer(config?: string): Promise<NatsServer> {
  const server = await NatsServer.start(config);
  onTestFinished(() => server.end());
  return server;
}

/** A source whose alerts are kept, what it hands over, and a publisher beside it. */
function watched(connection: NatsConnection, channel = 'x') {
  const texts: string[] = [];
  const layout = { connection, channel, partitions: 1, maxBytes: 1024 ** 2 };
  const source = natsSource({ ...layout, leaseMs: 1_000, onAlert: ({ text }) => texts.push(text) });
  const publisher = createNatsPublisher<number>({ ...layout, key: () => '' });
  return { source, publisher, texts, owner: collector() };
}

async function refusal(connection: NatsConnection): Promise<string> {
  const { source, owner } = watched(connection);
  return source.start(owner).then(
    () => 'it started',
    (error: Error) => error.message,
  );
}

async function readNext(stay: Assigned | undefined): Promise<readonly Frame[]> {
  for (;;) {
    const frames = (await stay?.read(room, open)) ?? [];
    if (frames.length > 0) return frames;
  }
}

const gone = (what: string): string =>
  `${what} is not there: it was removed, or the server lost its files; start this process again`;

const RIGHTS = (deny: string): string => `jetstream {}
authorization { users = [
  { user: all, password: x },
  { user: some, password: x, permissions: { publish: { deny: ${deny} } } }
] }`;

describe.skipIf(missing)('a server that cannot be used is named at start:', () => {
  it('one without JetStream', async () => {
    const connection = await (await startServer('')).connect();
    expect(await refusal(connection)).toMatch(/^JetStream cannot be used: .*; a server has it with -js$/);
    await expect(natsLetters({ connection, channel: 'x' }).list()).rejects.toThrow('JetStream cannot be used');
  });

  it('one that was killed', async () => {
    const server = await startServer();
    const connection = await server.connect();
    await server.kill();
    expect(await refusal(connection)).toMatch(/^JetStream cannot be used: /);
  });

  it('one that takes no frame as large as they may be', async () => {
    const connection = await (await startServer('jetstream {}\nmax_payload: 65536')).connect();
    expect(await refusal(connection)).toContain(
      'max_payload of the server is 65536 bytes, and must be at least 528384',
    );
    await expect(watched(connection).publisher.publish(1)).rejects.toThrow('max_payload');
  });

  it('one whose user may not make streams', async () => {
    const server = await startServer(RIGHTS('["$JS.API.STREAM.CREATE.>"]'));
    const connection = await server.connect({ user: 'some', pass: 'x' });
    const message = await refusal(connection);
    expect(message).toContain('SLUICE-x-0 cannot be made');
    expect(message).toMatch(/KV bucket SLUICE-x cannot be made: .*[Pp]ermissions? [Vv]iolation/);
  });
});

describe.skipIf(missing)('a running member', () => {
  it('that may not write its lease says so, and nothing is handed to it', async () => {
    const server = await startServer(RIGHTS('["$KV.>"]'));
    await watched(await server.connect({ user: 'all', pass: 'x' })).source.start(collector());
    expect(await refusal(await server.connect({ user: 'some', pass: 'x' }))).toMatch(/[Pp]ermissions? [Vv]iolation/);
  });

  it('whose streams and bucket were removed is told, and reads nothing of what is made anew until it is started', async () => {
    const server = await startServer();
    const connection = await server.connect();
    const { source, publisher, owner, texts } = watched(connection);
    await source.start(owner);
    await publisher.publish(1);
    await readNext(owner.stays[0]);
    const manager = await jetstreamManager(connection);
    await manager.streams.delete('SLUICE-x-0');
    await manager.streams.delete('KV_SLUICE-x');
    await until(() => texts.length > 0);
    expect(texts).toEqual([`the broker of x cannot be used: ${gone('KV bucket SLUICE-x')}`]);
    expect(publisher.trouble).toBeUndefined();
    expect(await owner.stays[0]?.read(room, open)).toEqual([]);
    await source.close(1_000);
    await publisher.close(1_000);
    const anew = watched(connection);
    await anew.source.start(anew.owner);
    await anew.publisher.publish(2);
    expect((await readNext(anew.owner.stays[0])).map((frame) => frame.messages())).toEqual([[2]]);
    await anew.publisher.close(1_000);
    await anew.source.close(1_000);
  });

  it('whose stream alone was removed is told which partition cannot be read', async () => {
    const server = await startServer();
    const connection = await server.connect();
    const { source, publisher, owner, texts } = watched(connection);
    await source.start(owner);
    await publisher.publish(1);
    await (await jetstreamManager(connection)).streams.delete('SLUICE-x-0');
    const lost = publisher.publish(2).catch((error: Error) => error.message);
    await until(
      () => texts.length > 0,
      () => owner.stays[0]?.read(room, open),
    );
    expect(texts).toEqual([`partition 0 of x cannot be read: ${gone('SLUICE-x-0')}`]);
    expect(source.partitions()[0]?.text).toContain(`; it cannot be read: ${gone('SLUICE-x-0')}`);
    expect(publisher.trouble).toBe('nothing answers for SLUICE-x-0: it is not there, or JetStream does not run');
    await publisher.close(100);
    expect(await lost).toBe('the publisher was closed');
    await source.close(1_000);
  });

  it('whose server came back without its files is told so after the outage', async () => {
    const server = await startServer();
    const { source, owner, texts } = watched(await server.connect());
    await source.start(owner);
    await server.kill();
    await until(() => texts.length === 1);
    rmSync(join(server.directory, 'jetstream'), { recursive: true });
    await server.run();
    await until(() => texts.length === 2);
    expect(texts).toEqual([
      expect.stringMatching(/^the broker of x cannot be used: the connection to NATS is cut/),
      `the broker of x cannot be used: ${gone('KV bucket SLUICE-x')}`,
    ]);
    await source.close(1_000);
  });

  it('of the same name as another one shares the partitions with it', async () => {
    const server = await startServer();
    const connection = await server.connect();
    const owners = [collector(), collector()];
    const layout = { connection, channel: 'x', partitions: 4, member: 'same', leaseMs: 1_000 };
    const texts: string[] = [];
    const onAlert = ({ text }: { readonly text: string }) => texts.push(text.replaceAll(/#\w+/g, '#'));
    const sources = owners.map(() => natsSource({ ...layout, onAlert }));
    const released: Assigned[] = [];
    for (const [index, source] of sources.entries())
      await source.start({
        assigned: (stay) => owners[index]?.stays.push(stay),
        async revoke(stay, withinMs) {
          released.push(stay);
          await stay.release(undefined, withinMs);
        },
      });
    const open = (): number[] =>
      owners.map(({ stays }) => stays.filter((stay) => !stay.lost.aborted && !released.includes(stay)).length);
    await until(() => open().join() === '2,2' && texts.length === 2);
    const told = 'same# and same# are members of x with one name: give each its own';
    expect(texts).toEqual([told, told]);
    const named = sources[0]?.partitions().map(({ text }) => /owned by same#\w+ since/.test(text));
    expect(named).toEqual([true, true, true, true]);
    for (const source of sources) await source.close(1_000);
  });
});

/** What a member is told when this happens to its server, and when it is over. */
async function toldOf(server: NatsServer, connection: NatsConnection, happens: () => unknown, heals: () => unknown) {
  const { source, publisher, owner, texts } = watched(connection);
  await source.start(owner);
  await publisher.publish(1);
  await happens();
  await until(() => texts.length === 1);
  const isOver = !connection.isClosed();
  await heals();
  if (isOver) expect((await readNext(owner.stays[0])).map((frame) => frame.messages())).toEqual([[1]]);
  if (isOver) await until(() => texts.length === 2);
  await publisher.close(1_000);
  await source.close(1_000);
  await server.end();
  return texts.map((text) => text.replace('the broker of x ', ''));
}

describe.skipIf(missing)('a running member is told when its server', () => {
  const withPassword = (password: string) =>
    `jetstream {}\nauthorization { users = [ { user: u, password: ${password} } ] }`;

  it.each([
    [
      true,
      [
        'cannot be used: the connection to NATS is cut: AuthorizationError: Authorization Violation',
        'can be used again',
      ],
    ],
    [
      false,
      [
        'cannot be used: the connection to NATS was closed: AuthorizationError: Authorization Violation; it does not come back by itself',
      ],
    ],
  ])('has another password; with ignoreAuthErrorAbort %s', async (ignoreAuthErrorAbort, told) => {
    const server = await startServer(withPassword('x'));
    const connection = await server.connect({ user: 'u', pass: 'x', ignoreAuthErrorAbort });
    const heals = () => server.reload(withPassword('x'));
    expect(await toldOf(server, connection, () => server.reload(withPassword('y')), heals)).toEqual(told);
  });

  it('has no room for leases', async () => {
    const server = await startServer('jetstream { max_file_store: 8MB }');
    const connection = await server.connect();
    const { streams } = await jetstreamManager(connection);
    const fill = async () => {
      await streams.add({ name: 'other', subjects: ['other'] });
      const message = new Uint8Array(1e6);
      for (let isFull = false; !isFull; )
        isFull = await jetstream(connection)
          .publish('other', message)
          .then(
            () => false,
            () => true,
          );
    };
    expect(await toldOf(server, connection, fill, () => streams.purge('other'))).toEqual([
      'cannot be used: JetStream has no room left for KV bucket SLUICE-x: insufficient resources',
      'can be used again',
    ]);
  });
});

describe.skipIf(missing)('a letter', () => {
  it('that is added while the server is away is refused as such, and kept as it is when the server is back', async () => {
    const server = await startServer();
    const connection = await server.connect();
    const letters = natsLetters({ connection, channel: 'x' });
    await letters.list();
    await server.kill();
    await until(() => connection.info === undefined);
    const letter = {
      id: '1',
      channel: 'tick',
      reason: 'failed',
      attempts: 1,
      at: 1,
      error: undefined,
      message: { n: 1 },
    };
    await expect(letters.add(letter)).rejects.not.toMatchObject({ code: 'invalid-message' });
    await server.run();
    await until(
      () => connection.info !== undefined,
      () => sleep(10),
    );
    await letters.add(letter);
    expect(await letters.list()).toMatchObject([{ id: '1', message: { n: 1 } }]);
  });
});
