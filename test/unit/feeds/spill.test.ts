import { describe, expect, it } from 'vitest';
import type { Spill } from '../../../src/core/source-port.ts';
import type { FeedOptions } from '../../../src/feeds/index.ts';
import { createRouter, type Outcome } from '../../../src/index.ts';
import { FakeRouter, FeedRig, fakeProfile } from '../../support/feed-rig.ts';

const recognize = { field: 'kind', types: { trade: 'tick', bar: 'ohlcv' } };
const profile = fakeProfile({ recognize });
const of = (kind: string, from: number, to = from) =>
  Array.from({ length: to - from + 1 }, (_, n) => ({ kind, sym: kind, n: from + n }));

/** A router without room for some data types, and a journal that settles when a test says so. */
class SpillRouter extends FakeRouter {
  readonly full = new Set<string | undefined>();
  readonly spilled: unknown[] = [];
  readonly spill = {
    written: 0,
    settled: 0,
    write: async (messages: readonly unknown[]) => {
      if (this.failure !== undefined) throw this.failure;
      this.spilled.push(...messages);
      this.spill.written += 1;
    },
  } satisfies Spill;
  readonly feeds = { spillFor: () => this.spill, routeRun: (_: unknown, from: number) => from };
  failure: Error | undefined;

  override route(message: unknown, options?: { readonly dataType?: string }): Outcome {
    if (this.full.has(options?.dataType)) return { status: 'rejected', reason: 'mailbox-full' };
    return super.route(message);
  }
}

function streaming(options: Partial<FeedOptions> = {}): { readonly rig: FeedRig; readonly router: SpillRouter } {
  const router = new SpillRouter();
  return { rig: new FeedRig({ profile, to: router, ...options }).stream(), router };
}

describe('a channel without room', () => {
  it('its messages go to the journal, those of others straight on, and nothing is dropped', async () => {
    const { rig, router } = streaming();
    router.full.add('tick');
    rig.say([...of('trade', 1, 2), ...of('bar', 1), ...of('trade', 3)]);
    await rig.clock.settle();
    expect(router.spilled).toEqual(of('trade', 1, 3));
    expect(router.taken).toEqual(of('bar', 1));
    expect(rig.socket.did).not.toContain('pause');
    expect(rig.metrics).toMatchObject({ received: 4, delivered: 4, spilled: 3, held: 0, dropped: 0, conserved: true });
  });

  it('no message overtakes one in the journal: they go that way until all of it is settled', async () => {
    const { rig, router } = streaming();
    router.full.add('tick');
    rig.say(of('trade', 1));
    await rig.clock.settle();
    router.full.clear();
    rig.say([...of('trade', 2), ...of('bar', 1)]);
    await rig.clock.settle();
    router.spill.settled = 1;
    rig.say(of('trade', 3));
    await rig.clock.settle();
    expect([router.spilled, router.taken]).toEqual([of('trade', 1, 3), of('bar', 1)]);
    router.spill.settled = 3;
    rig.say(of('trade', 4));
    expect(router.taken).toEqual([...of('bar', 1), ...of('trade', 4)]);
  });

  it('what the table does not know may be of the same channel, and goes with the others', async () => {
    const { rig, router } = streaming();
    router.full.add(undefined);
    rig.say([...of('other', 1), ...of('trade', 1)]);
    await rig.clock.settle();
    expect(router.spilled).toEqual([...of('other', 1), ...of('trade', 1)]);
  });

  it('what an earlier process left in the journal comes first', async () => {
    const { rig, router } = streaming();
    router.spill.written = 7;
    rig.say(of('trade', 1));
    await rig.clock.settle();
    expect([router.spilled, router.taken]).toEqual([of('trade', 1), []]);
  });
});

describe('a journal that cannot take it', () => {
  it('messages that it refuses are dropped, with a gap', async () => {
    const { rig, router } = streaming();
    router.full.add('tick');
    router.failure = new Error('the disk is full');
    rig.say(of('trade', 1, 3));
    await rig.clock.settle();
    router.full.clear();
    rig.say(of('trade', 4));
    expect(rig.metrics).toMatchObject({ received: 4, delivered: 1, dropped: 3, spilled: 0, conserved: true });
    expect(rig.factsOf('feed.gap')).toMatchObject([{ reason: 'full', missing: 3 }]);
  });

  it('while it is slow, the socket is paused', async () => {
    const { rig, router } = streaming({ heldBytesMax: 200 });
    let written = (): void => {};
    router.spill.write = () => new Promise((resolve) => (written = resolve));
    router.full.add('tick');
    rig.say(of('trade', 1, 4));
    expect(rig.feed.view).toMatchObject({ isPaused: true, metrics: { held: 4, conserved: true } });
    written();
    await rig.clock.settle();
    expect(rig.feed.view).toMatchObject({ isPaused: false, metrics: { held: 0, spilled: 4, conserved: true } });
  });
});

describe('the policy', () => {
  const spill: Spill = { write: async () => {}, written: 0, settled: 0 };
  const source = () => ({ spill, lasts: false, start: async () => {}, close: async () => {} });
  const channels = { tick: class {}, ohlcv: class {} } as never;

  it.each([
    [
      'a router with a journal that knows messages as the profile does',
      { sources: { journal: source() }, recognize },
      'spill',
    ],
    ['another one, which knows them by `ev`', { sources: { journal: source() } }, 'pause'],
    [
      'a journal whose messages are all of one type',
      { sources: { journal: { source: source(), dataType: 'tick' } }, recognize },
      'pause',
    ],
    ['a router without a journal', { recognize }, 'pause'],
  ])('is by default, for %s, %j: %s', (_, options, policy) => {
    const to = createRouter({ channels, ...options });
    const make = () => new FeedRig({ profile, to, whenFull: 'spill' });
    if (policy === 'spill') expect(make).not.toThrow();
    else expect(make).toThrow("whenFull 'spill' needs a router with a journal as a source");
    expect(to.feeds.spillFor(recognize)).toBe(policy === 'spill' ? spill : undefined);
  });

  it('another one can be asked for', async () => {
    const { rig, router } = streaming({ whenFull: 'drop' });
    router.full.add('tick');
    rig.say(of('trade', 1));
    await rig.clock.settle();
    expect(router.spilled).toEqual([]);
    expect(rig.metrics).toMatchObject({ dropped: 1 });
  });
});
