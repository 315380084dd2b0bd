import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineChannel, type RouterConfigInput } from '../../../src/index.ts';
import { createTestRouter, message } from '../../../src/testing/index.ts';
import { numbers } from '../../support/numbers.ts';

type Config = NonNullable<RouterConfigInput['channels']>[string];

/** A channel whose schema renames the key, as most do. */
async function renaming(config: Config) {
  const got: { readonly symbol: string; readonly n: number }[] = [];
  const schema = z.object({ ev: z.string(), sym: z.string().optional(), n: z.number() });
  const Quotes = defineChannel({
    schema: schema.transform(({ sym, n }) => ({ symbol: sym ?? '', n })),
    process: (batch) => void got.push(...batch),
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
    expect(got).toEqual([27, 28, 29].map((n) => ({ symbol: `S${n % 3}`, n })));
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

describe('19.12 a gap of a partitioned channel', () => {
  it('names its channel and its partition, whose messages its numbers count', async () => {
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
});
