import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Frame } from '../../src/core/source-port.ts';
import { partitionOf } from '../../src/nats/index.ts';
import { type BrokerRig, brokers, collector, open, readUntil, room, until } from '../support/broker-rigs.ts';

interface Tick {
  readonly sym: string;
  readonly n: number;
}
const ticks = (count: number): Tick[] => Array.from({ length: count }, (_, n) => ({ sym: `S${n % 50}ü`, n }));

describe.each(brokers)('on %s', (_kind, missing, start) => {
  let rig: BrokerRig;
  let channels = 0;
  beforeAll(async () => {
    if (missing === undefined) rig = await start();
  });
  afterAll(() => rig?.end());

  /** A source whose alerts are kept, what it hands over, and a publisher beside it. */
  function watched(on: BrokerRig = rig) {
    const texts: string[] = [];
    const layout = { channel: `c${++channels}`, partitions: 1 };
    const source = on.source({ ...layout, leaseMs: 1_000, onAlert: ({ text }) => texts.push(text) });
    const publisher = on.publisher<number>(layout);
    const close = async (): Promise<void> => {
      await Promise.all([publisher, source].map((each) => each.close(1_000)));
    };
    return { source, publisher, texts, owner: collector(), channel: layout.channel, close };
  }

  /** Nothing is told but that the broker was away, and is back. */
  function expectAway(texts: readonly string[], channel: string): void {
    expect(texts).toEqual([
      expect.stringMatching(new RegExp(`^the broker of ${channel} cannot be used: `)),
      `the broker of ${channel} can be used again`,
    ]);
  }

  it.skipIf(missing)('a publisher puts the messages of a key into one partition, in order, in frames', async () => {
    const layout = { channel: `c${++channels}`, partitions: 4 };
    const publisher = rig.publisher<Tick>(layout, ({ sym }) => sym);
    const source = rig.source(layout);
    const owner = collector();
    await publisher.publish(ticks(10_000));
    await source.start(owner);
    expect(owner.stays).toHaveLength(4);
    for (const stay of owner.stays) {
      const wanted = ticks(10_000).filter(({ sym }) => partitionOf(sym, 4) === stay.partition);
      const frames = await readUntil(stay, wanted.length);
      expect(frames.flatMap((frame) => frame.messages())).toEqual(wanted);
      expect(frames.length).toBeLessThan(10);
    }
    await Promise.all([publisher, source].map((each) => each.close(1_000)));
  });

  it.skipIf(missing)('a publisher waits while a stream is full, and goes on when there is room', async () => {
    const layout = { channel: `c${++channels}`, partitions: 1, maxBytes: 1024 ** 2 };
    const publisher = rig.publisher<string>(layout);
    const published = [1, 2, 3, 4, 5].map((n) => publisher.publish(`${n}${'x'.repeat(300_000)}`));
    await published[1];
    await sleep(500);
    expect(publisher.waiting).toBeGreaterThan(0);
    expect(publisher.trouble).toContain('full');
    const source = rig.source({ ...layout, trimEveryMs: 200, leaseMs: 1_000 });
    const owner = collector();
    await source.start(owner);
    const [stay] = owner.stays;
    const seen: unknown[] = [];
    while (seen.length < 5) {
      const frames = (await stay?.read(room, open)) ?? [];
      seen.push(...frames.flatMap((frame) => frame.messages()).map((message) => String(message)[0]));
      const last = frames.at(-1);
      if (last !== undefined) expect(await stay?.commit(last.position, 5_000)).toBe('kept');
    }
    await Promise.all(published);
    expect(publisher.trouble).toBeUndefined();
    expect(seen).toEqual(['1', '2', '3', '4', '5']);
    await Promise.all([publisher, source].map((each) => each.close(1_000)));
  });

  it.skipIf(missing)('a server that is killed and started again is read on from where it was', async () => {
    const mortal = await start();
    const { source, publisher, owner, texts, channel, close } = watched(mortal);
    await source.start(owner);
    const seen: unknown[] = [];
    const readAll = async (count: number): Promise<void> => {
      while (seen.length < count) {
        const stay = owner.stays.at(-1);
        const frames = (await stay?.read(room, open)) ?? [];
        seen.push(...frames.flatMap((frame) => frame.messages()));
        const last = frames.at(-1);
        if (last !== undefined) await stay?.commit(last.position, 200);
      }
    };
    for (let n = 1; n <= 10; n++) await publisher.publish(n);
    await readAll(10);
    await mortal.server.kill();
    const later = Array.from({ length: 10 }, (_, index) => publisher.publish(index + 11));
    await until(() => texts.length > 0);
    await mortal.server.run();
    await Promise.all(later);
    await readAll(20);
    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    await until(() => texts.length > 1);
    expectAway(texts, channel);
    await close();
    await mortal.end();
  });

  it.skipIf(missing)('a server that is frozen for longer than the lease is told, and nothing is skipped', async () => {
    const frozen = await start();
    const { source, publisher, owner, texts, channel, close } = watched(frozen);
    await source.start(owner);
    await publisher.publish(1);
    const [first] = await readUntil(owner.stays[0], 1);
    expect(await owner.stays[0]?.commit(first?.position ?? 0, 1_000)).toBe('kept');
    frozen.server.signal('SIGSTOP');
    const second = publisher.publish(2);
    await until(() => texts.length === 1);
    expect(await owner.stays[0]?.commit(first?.position ?? 0, 100)).toBe('unknown');
    await sleep(1_500);
    frozen.server.signal('SIGCONT');
    await second;
    let frames: readonly Frame[] = [];
    while (frames.length === 0) frames = (await owner.stays.at(-1)?.read(room, open)) ?? [];
    // What was committed does not come again.
    expect(frames.map((frame) => frame.messages())).toEqual([[2]]);
    await until(() => texts.length === 2);
    expectAway(texts, channel);
    await close();
    await frozen.end();
  });

  it.skipIf(missing)('what another program wrote is a frame that says nothing, and reading goes on', async () => {
    const { source, publisher, owner, texts, channel, close } = watched();
    await source.start(owner);
    await publisher.publish(1);
    const bytes = await rig.writeForeign(channel);
    await publisher.publish(2);
    const frames: Frame[] = [];
    while (frames.length < 3) frames.push(...((await owner.stays[0]?.read(room, open)) ?? []));
    const [first, foreign, second] = frames;
    expect([first?.messages(), second?.messages()]).toEqual([[1], [2]]);
    expect(() => foreign?.messages()).toThrow('bytes that are no frame of sluice');
    expect(foreign?.bytes.toString()).toBe(bytes);
    expect(frames.map(({ gap }) => gap)).toEqual([undefined, undefined, undefined]);
    expect(await owner.stays[0]?.commit(second?.position ?? 0, 1_000)).toBe('kept');
    await source.close(1_000);
    await publisher.publish(3);
    await source.start(owner);
    expect((await readUntil(owner.stays[1], 1)).map((frame) => frame.messages())).toEqual([[3]]);
    expect(texts).toEqual([]);
    await close();
  });

  it.skipIf(missing).each([
    ['members', 'the broker of % cannot be used: members is no list of members: another program wrote "hello"'],
    [
      'partition.0',
      'partition 0 of % cannot be read: its lease cannot be renewed: partition.0 is no lease: another program wrote "hello"',
    ],
  ])(
    'what another program writes into the cell %s is reported and not overwritten, and members go on once it is removed',
    async (cell, text) => {
      const { source, publisher, owner, texts, channel, close } = watched();
      await source.start(owner);
      await rig.overwrite(channel, cell, 'hello');
      await until(() => texts.at(-1) === text.replace('%', channel));
      expect(source.cluster()?.members).toHaveLength(1);
      await rig.overwrite(channel, cell);
      await until(() => texts.at(-1)?.endsWith('can be used again') === true);
      await publisher.publish(1);
      let frames: readonly Frame[] = [];
      while (frames.length === 0) frames = (await owner.stays.at(-1)?.read(room, open)) ?? [];
      expect(await owner.stays.at(-1)?.commit(1, 1_000)).toBe('kept');
      expect(source.cluster()?.members).toMatchObject([{ isThere: true }]);
      await close();
    },
  );
});
