import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DiscardPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, describe, expect, it } from 'vitest';
import type { Assigned, Frame } from '../../src/core/source-port.ts';
import { createNatsPublisher, natsLetters, natsSource } from '../../src/nats/index.ts';
import { BrokerProxy } from '../cluster/broker-proxy.ts';
import { collector, open, room, until } from '../support/broker-rigs.ts';
import { NatsServer, whyWithoutNats } from '../support/nats-server.ts';

const missing = whyWithoutNats();

/** What is closed in the end, the last one first. */
const ends: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

async function startServer(config?: string): Promise<NatsServer> {
  const server = await NatsServer.start(config);
  ends.push(() => server.end());
  return server;
}

/** A source whose alerts are kept, what it hands over, and a publisher beside it. */
function watched(connection: NatsConnection, channel = 'x') {
  const texts: string[] = [];
  const layout = { connection, channel, partitions: 1, maxBytes: 1024 ** 2 };
  const source = natsSource({ ...layout, leaseMs: 1_000, trimEveryMs: 100, onAlert: ({ text }) => texts.push(text) });
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

const cannot = 'the broker of x cannot be used:';
const gone = (what: string): string =>
  `${what} is not there: it was removed, or the server lost its files; start this process again`;

const RIGHTS = (deny: string): string => `jetstream {}
authorization { users = [
  { user: all, password: x },
  { user: some, password: x, permissions: { publish: { deny: ${deny} } } }
] }`;

const ACCOUNT = (limits: string): string =>
  `jetstream {}\naccounts { A { jetstream: { ${limits} }, users: [{ user: u, password: x }] } }`;

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

  it.each([
    ['max_streams: 1', 'maximum number of streams reached'],
    ['max_file: 1000', 'insufficient storage resources available'],
  ])('one whose account has only %s', async (limits, said) => {
    const connection = await (await startServer(ACCOUNT(limits))).connect({ user: 'u', pass: 'x' });
    expect(await refusal(connection)).toContain(`cannot be made: JetStreamApiError: ${said}`);
  });
});

it.skipIf(missing)('a broker that answers too slowly is told with the delay and the cure', async () => {
  const proxy = await BrokerProxy.start((await startServer()).port, 200);
  ends.push(async () => proxy.end());
  const { source, texts, owner } = watched(await connect({ servers: `127.0.0.1:${proxy.port}`, reconnect: false }));
  const start = () => source.start(owner).catch(({ message }: Error) => message);
  await until(async () => /^it answers after/.test((await start()) ?? ''));
  const cure = 'find out what slows it down, or raise leaseMs from 1000 to';
  expect(texts[0]).toBe(`${cannot} the broker has not answered for 333 ms`);
  expect(texts[1]).toMatch(new RegExp(`^${cannot} it answers after [\\d.]+ s, and must within 0.3 s: ${cure} \\d{4}$`));
});

describe.skipIf(missing)('a running member', () => {
  it('whose streams and bucket were removed is told, and reads nothing of what is made anew until it is started', async () => {
    const server = await startServer();
    const connection = await server.connect();
    const { source, publisher, owner, texts } = watched(connection);
    await source.start(owner);
    await publisher.publish(1);
    await readNext(owner.stays[0]);
    const manager = await jetstreamManager(connection);
    // First: between the two it is looked for already.
    await manager.streams.delete('KV_SLUICE-x');
    await manager.streams.delete('SLUICE-x-0');
    await until(() => texts.length > 0);
    expect(texts).toEqual([`${cannot} ${gone('KV bucket SLUICE-x')}`]);
    expect(publisher.trouble).toBeUndefined();
    expect(await owner.stays[0]?.read(room, open)).toEqual([]);
    await Promise.all([source, publisher].map((each) => each.close(1_000)));
    const anew = watched(connection);
    await anew.source.start(anew.owner);
    await anew.publisher.publish(2);
    expect((await readNext(anew.owner.stays[0])).map((frame) => frame.messages())).toEqual([[2]]);
    await anew.publisher.close(1_000);
    await anew.source.close(1_000);
  });
});

const withPassword = (password: string): string =>
  `jetstream {}\nauthorization { users = [ { user: u, password: ${password} } ] }`;
const refused = 'AuthorizationError: Authorization Violation';

/** Publishes until it is refused. */
async function fill(connection: NatsConnection, size: number): Promise<void> {
  for (;;) await jetstream(connection).publish('other', new Uint8Array(size));
}

/** A member whose partition was read, on a server of its own. */
async function running(config = 'jetstream {}', user: Parameters<NatsServer['connect']>[0] = {}) {
  const server = await startServer(config);
  const connection = await server.connect(user);
  const member = watched(connection);
  await member.source.start(member.owner);
  await member.publisher.publish(1);
  const tells = (text: string | RegExp): Promise<void> =>
    until(
      () => (typeof text === 'string' ? member.texts.at(-1) === text : text.test(member.texts.at(-1) ?? '')),
      async () => {
        const frames = (await member.owner.stays[0]?.read(room, open)) ?? [];
        await member.owner.stays[0]?.commit(frames.at(-1)?.position ?? 0, 1_000);
      },
    );
  ends.push(async () => {
    await member.publisher.close(100);
    await member.source.close(1_000);
  });
  const { streams } = await jetstreamManager(connection);
  return { server, connection, streams, tells, publisher: member.publisher };
}

describe.skipIf(missing)('a running member says so', () => {
  it('when a stream was removed', async () => {
    const { streams, tells } = await running();
    await streams.delete('SLUICE-x-0');
    await tells(`partition 0 of x cannot be read: ${gone('SLUICE-x-0')}`);
  });

  it('when a setting was changed since, until it is as it was', async () => {
    const { streams, tells } = await running();
    await streams.update('SLUICE-x-0', { discard: DiscardPolicy.Old });
    await streams.update('KV_SLUICE-x', { allow_direct: true });
    const bucket = 'KV bucket SLUICE-x: allow_direct is set, so a server that is behind could answer';
    await tells(`the broker of x is not as it must be: SLUICE-x-0: discard is "old" and must be "new"; ${bucket}`);
    await streams.update('SLUICE-x-0', { discard: DiscardPolicy.New });
    await streams.update('KV_SLUICE-x', { allow_direct: false });
    await tells('the broker of x can be used again');
  });

  it('when the server lost its files', async () => {
    const { server, tells } = await running();
    await server.kill();
    await sleep(1_000);
    rmSync(join(server.directory, 'jetstream'), { recursive: true });
    await server.run();
    await tells(`${cannot} ${gone('KV bucket SLUICE-x')}`);
  });

  it.each([true, false])(
    'when the password was changed, with ignoreAuthErrorAbort: %s',
    async (ignoreAuthErrorAbort) => {
      const { server, tells } = await running(withPassword('x'), { user: 'u', pass: 'x', ignoreAuthErrorAbort });
      server.reload(withPassword('y'));
      const end = ignoreAuthErrorAbort
        ? `is cut: ${refused}`
        : `was closed: ${refused}; it does not come back by itself`;
      await tells(`${cannot} the connection to NATS ${end}`);
      server.reload(withPassword('x'));
      if (ignoreAuthErrorAbort) await tells('the broker of x can be used again');
    },
  );

  it.each([
    ['CONSUMER.MSG.NEXT', 'partition 0 of x cannot be read: the reader of SLUICE-x-0 ended'],
    ['STREAM.PURGE', 'partition 0 of x cannot be trimmed'],
  ])('when its user may not publish $JS.API.%s', async (command, text) => {
    const { tells } = await running(RIGHTS(`["$JS.API.${command}.>"]`), { user: 'some', pass: 'x' });
    await tells(new RegExp(`^${text}: .*Publish to "\\$JS\\.API\\.${command}\\.SLUICE-x-0`));
  });

  it('when its user may not write a lease, or another program wrote it', async () => {
    const server = await startServer(RIGHTS('["$KV.SLUICE-x.partition.>"]'));
    const { source, owner } = watched(await server.connect({ user: 'some', pass: 'x' }));
    await source.start(owner);
    const says = (why: string) => until(() => source.troubles().unreachable?.endsWith(`: ${why}`) === true);
    await says('Permissions Violation for Publish to "$KV.SLUICE-x.partition.0"');
    const bucket = new Kvm(await server.connect({ user: 'all', pass: 'x' })).open('SLUICE-x');
    await (await bucket).put('partition.0', 'hello');
    await says('partition.0 is no lease: another program wrote "hello"');
    await source.close(1_000);
  });

  it('when JetStream has no room for leases', async () => {
    const { connection, streams, tells } = await running('jetstream { max_file_store: 8MB }');
    await streams.add({ name: 'other', subjects: ['other'] });
    await expect(fill(connection, 1e6)).rejects.toThrow('insufficient resources');
    await tells(`${cannot} JetStream has no room left for KV bucket SLUICE-x: insufficient resources`);
    await streams.purge('other');
    await tells('the broker of x can be used again');
  });
});

it.skipIf(missing)('a publisher whose account has no room waits, says so, and goes on', async () => {
  const { connection, streams, publisher } = await running(ACCOUNT('max_file: 8MB'), { user: 'u', pass: 'x' });
  await streams.add({ name: 'other', subjects: ['other'] });
  for (const size of [1e6, 1e4, 1])
    await expect(fill(connection, size)).rejects.toThrow('resource limits exceeded for account');
  const published = publisher.publish(2);
  await until(() => publisher.trouble !== undefined);
  expect(publisher.trouble).toBe('JetStream has no room left for SLUICE-x-0: resource limits exceeded for account');
  await streams.purge('other');
  await published;
  expect(publisher).toMatchObject({ waiting: 0, trouble: undefined });
});

describe.skipIf(missing)('a letter', () => {
  const letter = {
    id: '1',
    channel: 'tick',
    reason: 'failed',
    attempts: 1,
    at: 1,
    error: undefined,
    message: { n: 1 },
  };

  it('is refused once somebody has set their stream to evict letters, until it is as it was', async () => {
    const connection = await (await startServer()).connect();
    const letters = natsLetters({ connection, channel: 'x' });
    await letters.add(letter);
    const { streams } = await jetstreamManager(connection);
    await streams.update('SLUICE-x-letters', { discard: DiscardPolicy.Old });
    const refused = async () =>
      (await letters.add({ ...letter, id: '2' }).catch(({ message }) => message)) !== undefined;
    await until(refused);
    await expect(letters.add(letter)).rejects.toThrow('discard is "old" and must be "new"');
    await streams.update('SLUICE-x-letters', { discard: DiscardPolicy.New });
    await letters.add({ ...letter, id: '3' });
    expect(await letters.list()).toHaveLength(3);
  });

  it('that is added while the server is away is refused as such, and kept as it is when the server is back', async () => {
    const server = await startServer();
    const connection = await server.connect();
    const letters = natsLetters({ connection, channel: 'x' });
    await letters.list();
    await server.kill();
    await until(() => connection.info === undefined);
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
