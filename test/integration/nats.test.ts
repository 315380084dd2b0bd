import { jetstreamManager, StorageType } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/adapters/system-clock.ts';
import { type ClusterSource, createNatsPublisher, natsLetters, natsSource } from '../../src/nats/index.ts';
import { NatsReader } from '../../src/nats/nats-reader.ts';
import { natsSourceOn } from '../../src/nats/nats-source.ts';
import { checkSource } from '../../src/testing/check-source.ts';
import type { SourceRig } from '../../src/testing/source-rig.ts';
import { collector, readUntil } from '../support/broker-rigs.ts';
import { memberRig } from '../support/member-rig.ts';
import { NatsServer, whyWithoutNats } from '../support/nats-server.ts';

const missing = whyWithoutNats();
if (missing !== undefined) process.stderr.write(`the tests with NATS are left out: ${missing}\n`);

let server: NatsServer;
let connection: NatsConnection;
let channels = 0;
const newChannel = (): string => `c${++channels}`;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

beforeAll(async () => {
  if (missing !== undefined) return;
  server = await NatsServer.start();
  connection = await server.connect();
});
afterAll(() => server?.end());

async function natsRig(): Promise<Required<SourceRig>> {
  const channel = newChannel();
  const options = { connection, channel, partitions: 1, leaseMs: 1_000, drainMs: 100, trimEveryMs: 60_000 };
  const first = natsSource(options);
  await first.start(collector());
  await first.close(2_000);
  return memberRig({
    clock: createSystemClock(),
    join: (clock) => natsSourceOn(clock, options),
    letters: natsLetters({ connection, channel, maxLetters: 5 }),
    lettersMax: 5,
    append: async (frame) => void (await connection.request(`sluice.${channel}.0`, frame)),
    async removeUpTo(position) {
      const manager = await jetstreamManager(connection);
      await manager.streams.purge(`SLUICE-${channel}-0`, { seq: position + 1 });
    },
    // Real time: a minute would not show more than three seconds do.
    advance: (ms) => sleep(Math.min(ms, 3_000)),
  });
}

describe.skipIf(missing).concurrent('R8.1 the contract of a source holds for NATS', () => {
  const features = ['killable', 'fenced', 'revocable', 'gaps', 'undecodable', 'letters'] as const;
  for (const { name, run } of checkSource(natsRig, features)) it(name, run);
});

describe.skipIf(missing)('a reader', () => {
  it('asks for no more frames than it may have beside those that wait, and gets all', async () => {
    const layout = { connection, channel: newChannel(), partitions: 1 };
    const publisher = createNatsPublisher<number>({ ...layout, key: () => '', lingerMs: 0 });
    for (let n = 0; n < 200; n += 1) await publisher.publish(n);
    let [asked, came] = [0, 0];
    const publish: NatsConnection['publish'] = (subject, request, options) => {
      asked += JSON.parse(String(request)).batch;
      connection.publish(subject, request, options);
    };
    const listening: NatsConnection = Object.assign(Object.create(connection), { publish });
    const manager = await jetstreamManager(connection);
    const place = { stream: `SLUICE-${layout.channel}-0`, from: { after: 0 }, log: '' };
    const reader = new NatsReader({ connection: listening, manager, clock: createSystemClock(), ...place });
    for (let reads = 0; came < 200; reads += 1) {
      const [may, before] = [reads % 10 === 0 ? 50 : 1 + (reads % 4), asked];
      came += (await reader.read(may, 1e6)).length;
      expect(asked - came).toBeLessThanOrEqual(Math.max(may, before - came));
      // Most of what was asked for comes before the answer to this.
      await connection.flush();
    }
    reader.close();
  });
});

describe.skipIf(missing)('a publisher', () => {
  it.each([
    [{ key: () => 'a' }, 10n, /cannot be written as JSON/],
    [{ key: () => 7 as unknown as string }, 'x', /the key of a message must be a string, got number/],
    [{ key: () => 'a' }, 'x'.repeat(600_000), /a message of 600002 bytes is larger than a frame/],
  ])('refuses with %o a message that it cannot write', async (options, message, text) => {
    const publisher = createNatsPublisher<unknown>({ connection, channel: newChannel(), partitions: 1, ...options });
    await expect(publisher.publish(message)).rejects.toThrow(text);
  });

  it('that is closed while the broker is away rejects what waits', async () => {
    const lonely = await NatsServer.start();
    const publisher = createNatsPublisher<string>({
      connection: await lonely.connect(),
      channel: 'lonely',
      partitions: 1,
      key: () => '',
    });
    await publisher.publish('first');
    await lonely.kill();
    const second = publisher.publish('second').catch((error: Error) => error.message);
    await publisher.close(300);
    expect(await second).toBe('the publisher was closed');
    await expect(publisher.publish('third')).rejects.toThrow('the publisher is closed');
    await lonely.end();
  });
});

describe.skipIf(missing)('streams that are there already', () => {
  it('are checked, and every wrong setting is told at once', async () => {
    const channel = newChannel();
    const manager = await jetstreamManager(connection);
    await manager.streams.add({
      name: `SLUICE-${channel}-1`,
      subjects: [`sluice.${channel}.1`, `other.${channel}`],
      storage: StorageType.Memory,
      max_age: 1e9,
      duplicate_window: 1e9,
    });
    await new Kvm(connection).create(`SLUICE-${channel}`, { ttl: 5_000 });
    const source = natsSource({ connection, channel, partitions: 2 });
    const error: Error = await source.start(collector()).then(
      () => new Error('it started'),
      (cause) => cause,
    );
    for (const word of ['subjects', 'description', 'discard', 'storage', 'max_bytes', 'max_age', 'TTL', 'allow_direct'])
      expect(error.message).toContain(word);
  });

  it.each([
    [8, 4, /SLUICE-c\d+-4 is there: the streams were made for more than 4 partitions/],
    [4, 8, /partition 0 of 4 of .* must be .*partition 0 of 8/],
  ])('of %i partitions are not read as %i', async (made, read, message) => {
    const channel = newChannel();
    const first = natsSource({ connection, channel, partitions: made });
    await first.start(collector());
    await first.close(1_000);
    await expect(natsSource({ connection, channel, partitions: read }).start(collector())).rejects.toThrow(message);
    // Who was refused has made nothing that would have the others refused.
    await first.start(collector());
    await first.close(1_000);
  });

  it.each([
    [{ partitions: 0 }, /partitions must be a whole number from 1 to 1024, got 0/],
    [{ channel: 'a.b' }, /channel must be letters, digits, - and _, got 'a.b'/],
    [{ connection: {} as NatsConnection }, /connection must be a connection/],
    [{ replicas: 9 }, /replicas/],
    [{ maxBytes: 5 }, /maxBytes/],
    [{ lease: 5 }, /unknown option 'lease'; did you mean 'leaseMs'/],
  ])('are not made with %j', (options, message) => {
    expect(() => natsSource({ connection, channel: 'x', partitions: 1, ...options })).toThrow(message);
  });
});

describe.skipIf(missing)('a broker', () => {
  it('whose stream was made anew halts the partition', async () => {
    const channel = newChannel();
    const texts: string[] = [];
    const options = {
      connection,
      channel,
      partitions: 1,
      onAlert: ({ text }: { text: string }) => void texts.push(text),
    };
    const publisher = createNatsPublisher<number>({ connection, channel, partitions: 1, key: () => '' });
    const source: ClusterSource = natsSource(options);
    const owner = collector();
    await source.start(owner);
    await publisher.publish(1);
    const [frame] = await readUntil(owner.stays[0], 1);
    await owner.stays[0]?.commit(frame?.position ?? 0, 1_000);
    await source.close(1_000);
    const manager = await jetstreamManager(connection);
    await manager.streams.delete(`SLUICE-${channel}-0`);
    await source.start(owner);
    expect(texts).toEqual([expect.stringMatching(/^partition 0 of .*: the log was made anew: .* was of /)]);
    expect(source.partitions()[0]?.state).toBe('halted');
    expect(await source.resumeAfter(0, 0)).toBe(true);
    await publisher.publish(2);
    while (owner.stays.length < 2) await sleep(10);
    expect((await readUntil(owner.stays[1], 1))[0]?.messages()).toEqual([2]);
    await Promise.all([publisher, source].map((each) => each.close(1_000)));
  });
});
