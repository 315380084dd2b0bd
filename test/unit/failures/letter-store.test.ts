import { describe, expect, it } from 'vitest';
import type { DeadLetterFilter, LetterStore, RouterConfigInput, Source } from '../../../src/index.ts';
import { createRouter, defineChannel } from '../../../src/index.ts';
import { prometheusText } from '../../../src/metrics/prometheus.ts';
import {
  createTestRouter,
  fail,
  failWhen,
  messages,
  reject,
  type SimulatedLetterStore,
  type SimulatedLetterStoreOptions,
  simulatedLetterStore,
  simulatedSource,
  succeed,
  type TestMessage,
} from '../../../src/testing/index.ts';
import { createSimulatedClock, type SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import type { SimulatedSource } from '../../../src/testing/simulated-source.ts';
import { valueIn } from '../../support/exposition.ts';
import { routeAndAdvance } from '../../support/routed.ts';

const refused = Object.assign(new Error('bad price'), { retryable: false });
const bars = { batchSize: 2, timeoutMs: 10 } as const;

interface RigOptions {
  readonly store?: Omit<SimulatedLetterStoreOptions, 'clock'>;
  /** Of an earlier process. */
  readonly before?: {
    readonly clock: SimulatedClock;
    readonly source: SimulatedSource;
    readonly store: SimulatedLetterStore;
  };
  readonly sinks?: NonNullable<RouterConfigInput['channels']>;
  readonly frames?: number;
}

/** A router with the source `bars`, the channel `ohlcv` and a store of dead letters. */
async function storeRig({ store: limits, before, sinks = {}, frames = 1_000 }: RigOptions = {}) {
  const clock = before?.clock ?? createSimulatedClock();
  const source = before?.source ?? simulatedSource({ clock });
  const store = before?.store ?? simulatedLetterStore({ clock, ...limits });
  const test = await createTestRouter({
    clock,
    sinks: { ohlcv: bars, ...sinks },
    sources: { bars: { source, window: { frames } } },
    deadLetters: { store },
  });
  return {
    ...{ clock, source, store, test },
    kill(): void {
      source.kill();
      (test.router.actor as unknown as { stop(): void }).stop();
    },
    /** The sink refuses so many frames for good. */
    async refuse(frames: number, ms: number): Promise<void> {
      test.sink('ohlcv').otherwise = reject(refused);
      for (let n = 0; n < frames; n += 1) source.append(messages('ohlcv', 2, n * 2));
      await test.advance(ms);
    },
  };
}

/** The law of sources, read from outside. */
function isLawKept({ router }: Awaited<ReturnType<typeof createTestRouter>>): boolean {
  const { bars: counts } = router.metrics().sources;
  if (counts === undefined) throw new Error('there is no source bars');
  const placed = Object.values(counts.places).reduce((sum, count) => sum + count, 0);
  return counts.read === counts.committed + counts.left + counts.held && counts.held === placed;
}

describe('R7.4 a message of a source that was given up', () => {
  it('is settled and published when a slow store has its letter, not before', async () => {
    const { refuse, source, store, test } = await storeRig({ store: { delayMs: 3_000, seed: 3 } });
    await refuse(1, 100);
    expect(store.size).toBe(0);
    expect(test.router.metrics().sources.bars?.places.letters).toBe(1);
    expect([source.committed(), test.facts('message.deadLettered').length]).toEqual([0, 0]);
    expect(test.router.metrics().deadLetters.waiting).toBe(2);
    expect(isLawKept(test)).toBe(true);
    await test.advance(4_000);
    expect([source.committed(), test.facts('message.deadLettered').length]).toEqual([1, 2]);
    expect((await test.router.deadLetters.list()).map(({ id }) => id)).toEqual([
      'bars/0/1/0/ohlcv',
      'bars/0/1/1/ohlcv',
    ]);
  });

  it('waits for a store that fails, which is tried again, and nothing of it is lost', async () => {
    const { refuse, source, store, test } = await storeRig();
    store.failWith(new Error('EIO: the disk'));
    await refuse(3, 60_000);
    expect(source.committed()).toBe(0);
    store.failWith(undefined);
    await test.advance(31_000);
    expect([source.committed(), store.size]).toEqual([3, 6]);
    expect(test.router.alerts).toEqual([]);
  });

  it('is tried again soon by a store that takes some of the letters each time', async () => {
    const { refuse, store, test } = await storeRig({ store: { max: 3 } });
    await refuse(15, 0);
    let dropped = 0;
    for (let ms = 0; ms < 9_000; ms += 500) {
      await test.advance(500);
      dropped += await test.router.deadLetters.drop();
    }
    expect([dropped, store.size, test.router.metrics().deadLetters.waiting]).toEqual([30, 0, 0]);
  });

  it('holds its source while the store is full: explain, health, an alert and metrics say so', async () => {
    const { refuse, source, store, test } = await storeRig({ store: { max: 3 }, frames: 4 });
    await refuse(20, 120_000);
    expect(store.size).toBe(3);
    expect(source.committed()).toBe(1);
    expect(test.router.explain('bars')).toMatchObject({ state: 'held' });
    expect(test.router.explain('bars').sentence).toMatch(
      /2 of partition 0, .* becoming a dead letter, which is not stored yet: .*there are 3 dead letters: drop some.* 0 are in them, 4 wait for the store of dead letters, 0 are settled/,
    );
    const alerts = test.router.alerts.map(({ alert }) => alert);
    expect(alerts).toEqual(expect.arrayContaining(['letters-held', 'source-held']));
    expect(test.router.health()).toMatchObject({ status: 'degraded', reason: expect.stringContaining('drop some') });
    expect(valueIn(prometheusText(test.router), 'sluice_dead_letters_waiting', {})).toBe(7);
    expect(isLawKept(test)).toBe(true);
    expect(await test.router.deadLetters.drop()).toBe(3);
    await test.advance(31_000);
    expect(store.size).toBe(3);
    expect(source.committed()).toBe(3);
  });

  it('leaves its frame in the place letters, also when another message of it is delivered later', async () => {
    const { source, store, test } = await storeRig({ sinks: { tick: { batchSize: 1 } } });
    store.failWith(new Error('EIO: the disk'));
    test.sink('ohlcv').otherwise = reject(refused);
    test.router.pause('tick');
    source.append([...messages('ohlcv', 1), ...messages('tick', 1)]);
    await test.advance(1_000);
    expect(test.router.metrics().sources.bars?.places).toMatchObject({ channels: 1, letters: 0 });
    test.router.resume('tick');
    await test.advance(1_000);
    expect(test.router.metrics().sources.bars?.places).toMatchObject({ channels: 0, letters: 1 });
  });

  it('is one letter when the process dies between the letter and the commit', async () => {
    const first = await storeRig();
    first.source.failCommits('unknown');
    await first.refuse(2, 1_000);
    expect(first.store.size).toBe(4);
    first.kill();
    first.source.failCommits(undefined);
    const second = await storeRig({ before: first });
    second.test.sink('ohlcv').otherwise = reject(refused);
    await second.test.advance(1_000);
    expect([second.store.size, second.source.committed()]).toEqual([4, 2]);
  });

  it('is one letter for each channel that gives it up', async () => {
    const { store, source, test } = await storeRig({ sinks: { copy: { ...bars, dataType: 'ohlcv' } } });
    for (const name of ['ohlcv', 'copy']) test.sink(name).otherwise = reject(refused);
    source.append(messages('ohlcv', 1));
    await test.advance(1_000);
    const ids = (await store.list()).map(({ id }) => id);
    expect(ids.toSorted()).toEqual(['bars/0/1/0/copy', 'bars/0/1/0/ohlcv']);
    expect(source.committed()).toBe(1);
  });

  it('that is undecodable, unknown or invalid is a letter of the store, too', async () => {
    const { store, source, test } = await storeRig();
    source.appendBytes(new Uint8Array([1, 2]));
    source.append([{ ev: 'nobody' }]);
    await test.advance(1_000);
    expect((await store.list()).map(({ reason }) => reason)).toEqual(['undecodable', 'unknown-type']);
    expect(source.committed()).toBe(2);
  });
});

describe('a channel without a source', () => {
  it('gives nothing up while 1,000 letters wait: it is retrying, and explain says why', async () => {
    const { store, test } = await storeRig({
      sinks: { tick: { batchSize: 500, capacity: 2_000, retry: { attempts: 1 }, isolate: false } },
    });
    store.failWith(new Error('EIO: the disk'));
    test.sink('tick').otherwise = reject(refused);
    await routeAndAdvance(test, messages('tick', 2_000), 10_000);
    expect(test.metrics('tick')).toMatchObject({ deadLettered: 1_000, depth: 1_000, state: 'retrying' });
    expect(test.router.explain('tick').sentence).toMatch(
      /tick has been retrying .*cannot become a dead letter yet \(.*EIO: the disk\); it failed with .*bad price/,
    );
    expect(test.router.metrics().conserved).toBe(true);
    store.failWith(undefined);
    await test.advance(120_000);
    expect(test.metrics('tick')).toMatchObject({ deadLettered: 2_000, depth: 0 });
    expect(store.size).toBe(2_000);
  });

  it('keeps poison in quarantine while letters find no room', async () => {
    const { store, test } = await storeRig({ sinks: { tick: { batchSize: 4 } } });
    store.failWith(new Error('EIO: the disk'));
    test.sink('tick').otherwise = reject(refused);
    await routeAndAdvance(test, messages('tick', 1_000), 5_000);
    const { deadLettered } = test.metrics('tick');
    test.sink('tick').otherwise = failWhen(({ n }) => n === 5_001);
    await routeAndAdvance(test, messages('tick', 8, 5_000), 60_000);
    expect(test.metrics('tick')).toMatchObject({ deadLettered, delivered: 7, depth: 1 });
    store.calm();
    await test.advance(120_000);
    await routeAndAdvance(test, messages('tick', 4, 6_000), 120_000);
    expect(test.metrics('tick')).toMatchObject({ depth: 0, delivered: 11 });
    expect(store.size).toBe(1_001);
  });

  it('has samples of refused messages in memory, so that a flood of them fills no store', async () => {
    const { store, test } = await storeRig();
    await routeAndAdvance(test, [{ ev: 'nobody' }, { ev: 'nobody' }], 100);
    expect(store.size).toBe(0);
    expect(await test.router.deadLetters.list()).toMatchObject([{ id: 1, reason: 'unknown-type' }, { id: 2 }]);
    expect(test.router.metrics().deadLetters.stored).toBe(2);
  });

  it('gets back at stop what the store did not take, and deliver is told', async () => {
    const { store, test } = await storeRig({ sinks: { tick: { batchSize: 1 } } });
    store.failWith(new Error('EIO: the disk'));
    test.sink('tick').otherwise = reject(refused);
    test.router.route(messages('tick', 1)[0]);
    const delivered = test.router.deliver(messages('tick', 1, 7)[0]);
    await test.advance(1_000);
    const report = await test.stop();
    expect(report).toMatchObject({ conserved: true, onTime: false });
    expect(report.unstoredLetters).toMatchObject([{ channel: 'tick', reason: 'not-retryable', message: { n: 0 } }]);
    expect(await delivered).toEqual({ status: 'unsettled' });
    expect(test.clock.pending).toBe(0);
  });
});

it('a message that the store cannot write down is kept as a text that shows it', async () => {
  const letters: unknown[] = [];
  const clock = createSimulatedClock();
  const store: LetterStore = simulatedLetterStore({ clock });
  const { add } = store;
  store.add = async (letter) => {
    if (typeof letter.message !== 'string')
      throw Object.assign(new Error('a BigInt is no JSON'), { code: 'invalid-message' });
    letters.push([letter.message, letter.error]);
    await add(letter);
  };
  const test = await createTestRouter({ clock, sinks: { tick: {} }, deadLetters: { store } });
  test.sink('tick').otherwise = reject(refused);
  await routeAndAdvance(test, { ev: 'T', sym: 'A', n: 0, size: 10n }, 5_000);
  expect(letters).toEqual([
    [expect.stringContaining('size: 10n'), expect.stringMatching(/bad price; .*kept as text.*a BigInt is no JSON/)],
  ]);
  // A handler would get a string that its types do not know.
  test.sink('tick').otherwise = succeed();
  expect(await test.advanceUntil(test.router.deadLetters.replay())).toEqual({ replayed: 0, left: 1, refused: null });
  await test.advance(1_000);
  expect([test.sink('tick').delivered, store.size]).toEqual([[], 1]);
});

describe('a replay from the store', () => {
  it('survives a restart: the letter leaves when its message was delivered, and its replays are counted', async () => {
    const first = await storeRig();
    await first.refuse(1, 1_000);
    await first.test.stop();
    const { test, store } = await storeRig({ before: first });
    const replay = () => test.advanceUntil(test.router.deadLetters.replay({ perSecond: 1_000 }));
    test.sink('ohlcv').otherwise = reject(refused);
    expect(await replay()).toEqual({ replayed: 2, left: 0, refused: null });
    await test.advance(2_000);
    expect(await test.router.deadLetters.list()).toMatchObject([{ replays: 1 }, { replays: 1 }]);
    test.sink('ohlcv').otherwise = succeed();
    expect(await replay()).toMatchObject({ replayed: 2 });
    await test.advance(2_000);
    expect([store.size, test.sink('ohlcv').delivered.length]).toEqual([0, 2]);
    expect(test.router.metrics()).toMatchObject({ conserved: true, deadLetters: { stored: 0, waiting: 0 } });
  });

  it('leaves what came back too often, and takes a letter once when two replays run', async () => {
    const { refuse, test, store } = await storeRig();
    await refuse(1, 1_000);
    const replay = () => test.router.deadLetters.replay({ perSecond: 1_000, replaysMax: 1 });
    const [one, two] = await test.advanceUntil(Promise.all([replay(), replay()]));
    expect(one.replayed + two.replayed).toBe(2);
    await test.advance(1_000);
    expect(await test.advanceUntil(replay())).toEqual({ replayed: 0, left: 2, refused: null });
    expect(store.size).toBe(2);
  });

  it('asks for a page at a time, and takes each letter once, however many have the same time', async () => {
    const { refuse, test, store } = await storeRig();
    for (const frames of [150, 1, 100]) await refuse(frames, 1_000);
    test.sink('ohlcv').otherwise = succeed();
    const pages: number[] = [];
    const { list } = store;
    store.list = async (filter) => {
      const page = await list(filter);
      pages.push(page.length);
      return page;
    };
    const replayed = await test.advanceUntil(test.router.deadLetters.replay({ perSecond: 10_000 }));
    expect(replayed).toEqual({ replayed: 502, left: 0, refused: null });
    await test.advance(1_000);
    expect(store.size).toBe(0);
    const times = new Set(test.sink('ohlcv').delivered.map(({ n }) => n));
    expect([test.sink('ohlcv').delivered.length, times.size > 0]).toEqual([502, true]);
    // What is there more than once at one time is passed over by its id.
    expect(Math.max(...pages)).toBeLessThan(502);
  });

  it('of some of both kinds drops and lists the oldest first, or lists the newest', async () => {
    const { refuse, test } = await storeRig();
    await refuse(1, 1_000);
    test.router.route({ ev: 'nobody' });
    const reasons = async (limits?: DeadLetterFilter) =>
      (await test.router.deadLetters.list(limits)).map(({ reason }) => reason);
    expect(await reasons()).toEqual(['not-retryable', 'not-retryable', 'unknown-type']);
    expect(await reasons({ limit: 2, newest: true })).toEqual(['not-retryable', 'unknown-type']);
    expect(await reasons({ limit: 0, newest: true })).toEqual([]);
    expect(await test.router.deadLetters.list({ id: 1 })).toHaveLength(1);
    expect(await test.router.deadLetters.list({ id: 'bars/0/1/0/ohlcv' })).toHaveLength(1);
    expect(await test.router.deadLetters.drop({ limit: 2 })).toBe(2);
    expect(await reasons()).toEqual(['unknown-type']);
  });
});

describe('a source whose commits last', () => {
  const source: Source = { start: async () => {}, close: async () => {} };
  const make = (deadLetters?: object) =>
    createRouter({
      channels: { plain: defineChannel({ process: () => {} }) },
      sources: { feed: source },
      ...(deadLetters !== undefined && { deadLetters: deadLetters as never }),
    });

  it('is refused with dead letters in memory, unless that was said', () => {
    expect(() => make()).toThrow(
      'dead letters in memory would be lost with the process, and the source feed never brings their messages again: set ' +
        "deadLetters: { store: journal.letters }, or deadLetters: { store: 'memory' } if that may be",
    );
    expect(() => make({ store: 'memory' })).not.toThrow();
    expect(() => make({ store: simulatedLetterStore({ clock: createSimulatedClock() }) })).not.toThrow();
  });

  it.each<[object, string]>([
    [
      { store: 'disk' },
      "deadLetters.store must be 'memory' or a store with the methods add, list, drop and markReplayed",
    ],
    [{ stores: 1 }, "deadLetters: unknown option 'stores'; did you mean 'store'?"],
  ])('%j is refused', (deadLetters, message) => {
    expect(() => make(deadLetters)).toThrow(message);
  });
});

it('a store that does not answer is said not to answer, and what it answers later counts', async () => {
  const clock = createSimulatedClock();
  const answers: (() => void)[] = [];
  const store: LetterStore = {
    ...simulatedLetterStore({ clock }),
    add: () => new Promise((resolve) => void answers.push(resolve)),
  };
  const test = await createTestRouter({ clock, sinks: { tick: { batchSize: 1 } }, deadLetters: { store } });
  test.sink('tick').otherwise = fail(refused);
  const delivered = test.router.deliver<TestMessage>({ ev: 'T', sym: 'A', n: 1 });
  await test.advance(11_000);
  expect(test.router.alerts).toMatchObject([
    { alert: 'letters-held', text: 'dead letters wait for their store: the store has not answered for 10000 ms' },
  ]);
  for (const answer of answers) answer();
  expect(await test.advanceUntil(delivered)).toMatchObject({ status: 'dead-lettered', reason: 'not-retryable' });
  expect(test.router.alerts).toEqual([]);
});

it.each([
  ['fails', () => Promise.reject(new Error('EIO: the disk'))],
  ['never answers', () => new Promise<void>(() => {})],
  [
    'throws',
    (): Promise<void> => {
      throw new Error('no store');
    },
  ],
])('a router whose store %s stops by its deadline and leaves no timer', async (_, add) => {
  const clock = createSimulatedClock();
  const store: LetterStore = { ...simulatedLetterStore({ clock }), add };
  const test = await createTestRouter({ clock, sinks: { tick: { batchSize: 1 } }, deadLetters: { store } });
  test.sink('tick').otherwise = fail(refused);
  await routeAndAdvance(test, messages('tick', 1)[0], 1_000);
  const report = await test.stop({ deadlineMs: 2_000 });
  expect(report.unstoredLetters).toHaveLength(1);
  expect(report.elapsedMs).toBeLessThanOrEqual(2_050);
  expect(clock.pending).toBe(0);
});

it('a store whose size throws is a fault of the host, and the last size counts', async () => {
  const clock = createSimulatedClock();
  const store = Object.defineProperty(simulatedLetterStore({ clock }), 'size', {
    get(): number {
      throw new Error('closed');
    },
  });
  const test = await createTestRouter({ clock, sinks: { tick: {} }, deadLetters: { store } });
  expect(test.router.metrics().deadLetters.stored).toBe(0);
  expect(test.router.metrics().faults.letters).toBeGreaterThan(0);
});
