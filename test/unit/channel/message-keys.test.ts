import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type DrainReport, defineChannel, type RouterConfigInput } from '../../../src/index.ts';
import { createTestRouter, fail, message, type TestMessage, type TestRouter } from '../../../src/testing/index.ts';
import { numbers } from '../../support/numbers.ts';

type Config = NonNullable<RouterConfigInput['channels']>[string];

interface Quote {
  readonly about: string;
  readonly n: number;
}

/** A channel whose schema renames the key, as most do. `process`: what its sink does. */
async function renaming(config: Config, process: (batch: readonly Quote[], n: number) => void = () => {}) {
  const got: Quote[] = [];
  let calls = 0;
  const schema = z.object({ ev: z.string(), sym: z.string().optional(), n: z.number() });
  const Quotes = defineChannel({
    schema: schema.transform(({ sym, n }) => ({ about: sym ?? '', n })),
    process(batch) {
      calls += 1;
      process(batch, calls);
      got.push(...batch);
    },
  });
  const rig = await createTestRouter({ channels: { fmv: Quotes }, config: { channels: { fmv: config } } });
  return { rig, got };
}

const quote = (n: number, sym: string) => message('fmv', n, sym);
const { sym: _none, ...keyless } = message('fmv', 0);

describe('19.8 the key is read once, from the message as it came', () => {
  it('`conflate` finds it, whatever the schema makes of the message', async () => {
    const { rig, got } = await renaming({ overflow: 'conflate' });
    rig.router.pause();
    for (const n of numbers(30)) rig.router.route(quote(n, `S${n % 3}`));
    expect(rig.metrics('fmv')).toMatchObject({ conflated: 27, keyless: 0 });
    rig.router.resume();
    await rig.advance(1_000);
    expect(got).toEqual([27, 28, 29].map((n) => ({ about: `S${n % 3}`, n })));
  });

  it('partitions and `conflate` use one reading of it, also when it is a function', async () => {
    let readings = 0;
    const partitionBy = (raw: unknown): string => {
      readings += 1;
      return (raw as { sym: string }).sym;
    };
    const { rig } = await renaming({ overflow: 'conflate', partitions: 4, partitionBy });
    rig.router.pause();
    for (const n of numbers(80)) rig.router.route(quote(n, `S${n % 8}`));
    expect(readings).toBe(80);
    expect(rig.metrics('fmv')).toMatchObject({ conflated: 72, keyless: 0 });
    expect(rig.router.channels.get('fmv')?.partitions.filter(({ waiting }) => waiting > 0).length).toBeGreaterThan(1);
  });
});

describe('19.8 what failed goes where later messages of its key go', () => {
  /** Which partition each number was delivered by; `partitions` are told apart by what each has in flight. */
  async function partitionsOf(config: Config, then: Config) {
    let isDown = true;
    const where = new Map<number, number>();
    const { rig } = await renaming({ batchSize: 4, timeoutMs: 10, ...config }, (batch) => {
      if (isDown) throw new Error('sink down');
      const partitions = rig.router.channels.get('fmv')?.partitions ?? [];
      const at = partitions.findIndex(({ inFlight }) => inFlight > 0);
      for (const { n } of batch) where.set(n, at);
    });
    for (const n of numbers(20)) rig.router.route(quote(n, `S${n % 5}`));
    await rig.advance(50);
    const failed = rig.metrics('fmv').failures;
    await rig.advanceUntil(rig.router.reconfigure({ channels: { fmv: { batchSize: 4, ...config, ...then } } }));
    isDown = false;
    for (const n of numbers(20, 20)) rig.router.route(quote(n, `S${n % 5}`));
    await rig.advance(120_000);
    return { rig, where, failed };
  }

  it.each<readonly [string, Config, Config]>([
    ['from one partition to several', {}, { partitions: 4 }],
    ['from several to others', { partitions: 3 }, { partitions: 4 }],
  ])('after a reload %s', async (_name, config, then) => {
    const { rig, where, failed } = await partitionsOf(config, then);
    expect(failed).toBeGreaterThan(0);
    const partitions = rig.router.channels.get('fmv')?.partitions ?? [];
    expect(partitions).toHaveLength(4);
    for (const [n, at] of where) expect([n, at]).toEqual([n, where.get(20 + (n % 5))]);
    expect(new Set(where.values()).size).toBeGreaterThan(1);
  });

  it.each<readonly [string, Config, Config]>([
    ['its partitions', { partitions: 4 }, { partitions: 4 }],
    ['partitions that came later', {}, { partitions: 4 }],
  ])('as a replayed letter, in %s', async (_name, config, then) => {
    const where = new Map<number, number>();
    let isBad = true;
    const base = { batchSize: 1, timeoutMs: 10 };
    const { rig } = await renaming({ ...base, ...config }, (batch) => {
      if (isBad) throw Object.assign(new Error('bad'), { retryable: false });
      const partitions = rig.router.channels.get('fmv')?.partitions ?? [];
      for (const { n } of batch)
        where.set(
          n,
          partitions.findIndex(({ inFlight }) => inFlight > 0),
        );
    });
    for (const n of numbers(10)) rig.router.route(quote(n, `S${n % 5}`));
    await rig.advance(1_000);
    expect(await rig.router.deadLetters.list()).toHaveLength(10);
    isBad = false;
    await rig.advanceUntil(rig.router.reconfigure({ channels: { fmv: { ...base, ...then } } }));
    await rig.advanceUntil(rig.router.deadLetters.replay());
    await rig.advance(1_000);
    for (const n of numbers(5, 20)) rig.router.route(quote(n, `S${n % 5}`));
    await rig.advance(1_000);
    expect(where.size).toBe(15);
    for (const [n, at] of where) expect([n, at]).toEqual([n, where.get(20 + (n % 5))]);
    expect(new Set(where.values()).size).toBeGreaterThan(1);
  });
});

describe('19.8 a key that is missing', () => {
  it.each<readonly [string, Config]>([
    ['conflate', { overflow: 'conflate' }],
    ['partitions', { partitions: 2 }],
    ['both', { partitions: 2, overflow: 'conflate' }],
    ['a field of that name', { partitions: 2, partitionBy: 'venue' }],
    ['a function that gives none', { partitions: 2, partitionBy: () => '' }],
    ['a function that throws', { partitions: 2, partitionBy: (raw) => (raw as { a: { b: string } }).a.b }],
  ])('is a fault for each message, and an alert until none is missing any more: %s', async (_name, config) => {
    const { rig } = await renaming(config);
    for (const n of numbers(3)) rig.router.route({ ...keyless, n });
    await rig.advance(1_000);
    expect(rig.metrics('fmv').keyless).toBe(3);
    expect(rig.router.metrics().faults.key).toBe(3);
    expect(rig.facts('callback.failed').map(({ place, channel }) => `${place} ${channel}`)).toContain('key fmv');
    expect(rig.router.alerts).toMatchObject([{ alert: 'key-missing', channel: 'fmv' }]);
    expect(rig.router.alerts[0]?.text).toContain('messages come without the key');
    await rig.advance(62_000);
    expect(rig.router.alerts).toEqual([]);
  });

  it.each<readonly [string, Config]>([
    ['of a channel with one partition', {}],
    ['of a channel that drops its oldest', { overflow: 'drop-oldest', capacity: 2, batchSize: 1 }],
    ['of partitions that are served in turn', { partitions: 2, partitionBy: 'round-robin' }],
  ])('is none where nothing depends on it: %s', async (_name, config) => {
    const { rig } = await renaming(config);
    rig.router.pause();
    for (const n of numbers(5)) rig.router.route({ ...keyless, n });
    await rig.advance(2_000);
    expect(rig.metrics('fmv').keyless).toBe(0);
    expect(rig.router.alerts.filter(({ alert }) => alert === 'key-missing')).toEqual([]);
  });
});

describe('19.8 messages that all fall into one of several partitions', () => {
  it('raise an alert, and `explain` says so, until another partition gets one', async () => {
    const { rig } = await renaming({ partitions: 4 });
    for (const n of numbers(200)) rig.router.route(quote(n, 'A'));
    await rig.advance(1_500);
    expect(rig.router.alerts.map(({ alert }) => alert)).toEqual(['one-partition']);
    expect(rig.router.explain('fmv').sentence).toContain('all 200 messages fell into partition');
    for (const n of numbers(20)) rig.router.route(quote(n, `S${n}`));
    await rig.advance(1_500);
    expect(rig.router.alerts).toEqual([]);
    expect(rig.router.explain('fmv').sentence).not.toContain('fell into');
  });

  it('are not those that came before a reload made partitions', async () => {
    const { rig } = await renaming({});
    for (const n of numbers(200)) rig.router.route(quote(n, `S${n}`));
    await rig.advance(100);
    await rig.advanceUntil(rig.router.reconfigure({ channels: { fmv: { partitions: 4 } } }));
    rig.router.route(quote(0, 'A'));
    await rig.advance(1_500);
    expect(rig.router.alerts).toEqual([]);
  });
});

it('19.12 a gap of a partitioned channel names its channel and its partition, whose messages its numbers count', async () => {
  const rig = await createTestRouter({
    sinks: { fmv: { partitions: 2, overflow: 'drop-oldest', capacity: 1, batchSize: 1 } },
  });
  rig.router.pause();
  for (const n of numbers(40)) rig.router.route(quote(n, `S${n % 8}`));
  await rig.stop();
  const gaps = rig.facts('message.dropped');
  expect(gaps.every(({ channel }) => channel === 'fmv')).toBe(true);
  expect([...new Set(gaps.map(({ partition }) => partition))].toSorted()).toEqual([0, 1]);
  const lost = gaps.reduce((sum, { count }) => sum + count, 0);
  expect(lost).toBe(rig.metrics('fmv').dropped);
});

describe.each(['drop-oldest', 'drop-newest', 'conflate'] as const)('19.16 a key function, at `%s`,', (overflow) => {
  /** A full mailbox whose keys are read by a function that does something at the fifth reading from then on. */
  async function full(act: (rig: TestRouter) => void) {
    let readings = Number.POSITIVE_INFINITY;
    let rig: TestRouter | undefined;
    const partitionBy = (raw: unknown): string => {
      readings -= 1;
      if (readings === 0 && rig !== undefined) act(rig);
      return `${(raw as { n: number }).n % 3}`;
    };
    rig = await createTestRouter({ sinks: { fmv: { overflow, capacity: 3, batchSize: 3, partitionBy } } });
    rig.router.pause();
    rig.router.routeAll(numbers(3).map((n) => message('fmv', n)));
    readings = 5;
    return rig;
  }

  it('that stops the router: the message at the door is refused, and nothing is lost', async () => {
    let stopped: Promise<DrainReport> | undefined;
    const rig = await full(({ router }) => {
      stopped = router.stop({ deadlineMs: 10 });
    });
    const outcomes = numbers(6).map((n) => rig.router.route(message('fmv', 3 + n)).status);
    const report = await rig.advanceUntil(stopped ?? Promise.reject(new Error('it did not act')));
    const told = rig.facts('message.dropped').reduce((sum, { count }) => sum + count, 0);
    expect(report).toMatchObject({ conserved: true, channels: { fmv: { buffered: 0, returned: 3 } } });
    expect(outcomes).toEqual(['accepted', 'accepted', 'accepted', 'accepted', 'rejected', 'rejected']);
    expect(told).toBe(4);
  });

  it('that routes each time ends', async () => {
    let left = 1_000;
    const rig = await full(function again({ router }): void {
      for (; left > 0; left -= 1) router.route(message('fmv', left));
    });
    rig.router.routeAll(numbers(6).map((n) => message('fmv', 3 + n)));
    expect(rig.metrics('fmv')).toMatchObject({ received: 1_009, accepted: 1_009, buffered: 3 });
    expect(rig.router.metrics().conserved).toBe(true);
  });
});

it('19.16 a key function that looks at the router during a reload finds every message', async () => {
  const seen: boolean[] = [];
  const partitionBy = (quoted: unknown) => {
    seen.push(rig.router.metrics().conserved);
    return (quoted as TestMessage).sym;
  };
  const config: Config = { batchSize: 3, retry: { attempts: 5, delayMs: 30_000 } };
  const rig = await createTestRouter({ sinks: { tick: { ...config, capacity: 40 } } });
  rig.sink('tick').script.push(fail());
  for (const n of numbers(9)) rig.router.route(message('tick', n, `S${n % 3}`));
  await rig.advance(10);
  expect(rig.metrics('tick')).toMatchObject({ buffered: 9, failures: 1 });
  await rig.advanceUntil(
    rig.router.reconfigure({
      channels: { tick: { ...config, capacity: 40, overflow: 'conflate', partitions: 2, partitionBy } },
    }),
  );
  expect([seen.length >= 9, seen.includes(false)]).toEqual([true, false]);
  expect((await rig.stop()).conserved).toBe(true);
});

it('what waits through two reloads is delivered by the partition of its key', async () => {
  const where = new Map<string, Set<number>>();
  const Quotes = defineChannel<TestMessage>({
    process(batch) {
      const partitions = rig.router.channels.get('fmv')?.partitions ?? [];
      const at = partitions.findIndex(({ inFlight }) => inFlight > 0);
      for (const { sym } of batch) where.set(sym, (where.get(sym) ?? new Set()).add(at));
    },
  });
  const inPartitions = (partitions: number) => ({ channels: { fmv: { batchSize: 4, timeoutMs: 10, partitions } } });
  const rig: TestRouter = await createTestRouter({ channels: { fmv: Quotes }, config: inPartitions(4) });
  rig.router.pause('fmv');
  const routeAll = () => rig.router.routeAll(numbers(40).map((n) => message('fmv', n, `S${n % 8}`)));
  routeAll();
  // Messages of four partitions, which counted each for itself, wait in one.
  for (const partitions of [1, 4]) await rig.advanceUntil(rig.router.reconfigure(inPartitions(partitions)));
  routeAll();
  rig.router.resume('fmv');
  await rig.advance(1_000);
  expect(rig.metrics('fmv').delivered).toBe(80);
  expect([...where.values()].map(({ size }) => size)).toEqual(numbers(8).map(() => 1));
});
