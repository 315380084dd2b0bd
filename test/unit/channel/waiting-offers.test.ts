import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { Outcome } from '../../../src/index.ts';
import { createTestRouter, message, messages, type TestMessage, type TestRouter } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';

it('many offers may wait with one signal: Node warns of nothing, and an abort takes all of them back', async () => {
  const warnings: string[] = [];
  const warned = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', warned);
  try {
    const rig = await createTestRouter({ sinks: { tick: { batchSize: 1, capacity: 1 } } });
    const { router } = rig;
    router.pause();
    router.route(message('tick', 0));
    const { signal, abort } = (() => {
      const controller = new AbortController();
      return { signal: controller.signal, abort: (why: Error) => controller.abort(why) };
    })();
    const offers = messages('tick', 30, 1).map((each) => router.offer(each, { signal }));
    await rig.clock.settle();
    // Node says it in a later turn.
    await new Promise<void>((resolve) => void setImmediate(resolve));
    expect(warnings).toEqual([]);
    abort(new Error('no patience left'));
    const outcomes = await Promise.allSettled(offers);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(30);
    router.resume();
    await rig.advance(1_000);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(1));
  } finally {
    process.off('warning', warned);
  }
});

/** Aborts at the second message. */
function abortingKey(controller: AbortController) {
  return (each: unknown): string => {
    if (numbersOf([each as TestMessage])[0] === 1) controller.abort();
    return 'a';
  };
}

/** A channel whose mailbox is full for good. */
async function full(waitingMax = 100_000): Promise<TestRouter> {
  const rig = await createTestRouter({ sinks: { tick: { batchSize: 1, capacity: 1, waitingMax } } });
  rig.router.pause();
  rig.router.route(message('tick', 0));
  return rig;
}

describe('19.17 a signal is known by what it can do, before anything is taken in', () => {
  it.each([null, 0, 'abort', {}, { aborted: false }, new AbortController()])('%s is none', async (signal) => {
    const rig = await full();
    const options = { signal: signal as AbortSignal };
    const error = { code: 'invalid-option', message: expect.stringContaining('signal must be an AbortSignal') };
    await expect(rig.router.offer(message('tick', 1), options)).rejects.toMatchObject(error);
    await expect(rig.router.consume([message('tick', 1)], options)).rejects.toMatchObject(error);
    await expect(rig.router.deadLetters.replay(options)).rejects.toMatchObject(error);
    expect(rig.metrics('tick')).toMatchObject({ received: 1, waitingOffers: 0 });
  });

  it('one that is not made by Node takes its offers back, also without a reason', async () => {
    const rig = await full();
    const target = new EventTarget();
    const foreign = {
      aborted: false,
      addEventListener: target.addEventListener.bind(target),
      removeEventListener: target.removeEventListener.bind(target),
    };
    const signal = foreign as unknown as AbortSignal;
    const offered = rig.router.offer(message('tick', 1), { signal });
    const consumed = rig.router.consume(messages('tick', 2, 2), { signal });
    foreign.aborted = true;
    target.dispatchEvent(new Event('abort'));
    await expect(offered).rejects.toMatchObject({ name: 'AbortError' });
    expect(await consumed).toMatchObject({ accepted: 0, rejected: 0 });
    await expect(rig.router.offer(message('tick', 1), { signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(rig.metrics('tick')).toMatchObject({ received: 1, waitingOffers: 0 });
  });

  it('one that refuses its listener leaves no offer behind', async () => {
    const rig = await full();
    const refusing = {
      aborted: false,
      addEventListener: () => {
        throw new Error('no more listeners');
      },
      removeEventListener() {},
    };
    const options = { signal: refusing as unknown as AbortSignal };
    await expect(rig.router.offer(message('tick', 1), options)).rejects.toThrow('no more listeners');
    expect(rig.metrics('tick')).toMatchObject({ received: 1, waitingOffers: 0 });
  });
});

/** A signal of a library: `act` is called with the names of its methods. */
function odd(act: (method: string, listener: () => void, signal: { aborted: boolean }) => void): AbortSignal {
  const signal = {
    aborted: false,
    addEventListener: (_: string, listener: () => void) => act('add', listener, signal),
    removeEventListener: (_: string, listener: () => void) => act('remove', listener, signal),
  };
  return signal as unknown as AbortSignal;
}

describe('19.17 a signal that is not made by Node', () => {
  const refusing = odd((method) => {
    if (method === 'remove') throw new Error('no');
  });

  it('breaks off no delivery and no stop when it throws as it is let go', async () => {
    const rig = await full();
    const offers = [1, 2].map((n) => rig.router.offer(message('tick', n), { signal: refusing }));
    rig.router.resume();
    await rig.advance(1_000);
    expect(await Promise.all(offers)).toEqual([{ status: 'accepted' }, { status: 'accepted' }]);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([0, 1, 2]);
    expect(await rig.stop()).toMatchObject({ conserved: true, onTime: true });
  });

  it('breaks off no reload either, and an offer that cannot be taken along is taken back', async () => {
    const rig = await full();
    let listens = 0;
    const once = odd((method) => {
      if (method === 'remove' || ++listens > 1) throw new Error('only once');
    });
    const offers = [refusing, once].map((signal, n) => rig.router.offer(message('tick', n + 1), { signal }));
    const answers = Promise.allSettled(offers);
    await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: { batchSize: 1, partitions: 2 } } }));
    rig.router.resume();
    await rig.advance(1_000);
    expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(numbersOf(rig.sink('tick').delivered).sort()).toEqual([0, 1]);
  });

  it.each<readonly [string, (controller: AbortController) => object, AbortSignal | undefined]>([
    ['the key', (controller) => ({ partitions: 2, partitionBy: abortingKey(controller) }), undefined],
    [
      'the signal itself',
      () => ({}),
      odd((method, listener, signal) => {
        signal.aborted = true;
        if (method === 'add') listener();
      }),
    ],
  ])('takes back an offer that %s aborts while it is placed', async (_name, config, own) => {
    const controller = new AbortController();
    const sink = { batchSize: 1, capacity: 1, ...config(controller) };
    const rig = await createTestRouter({ sinks: { tick: sink } });
    rig.router.pause();
    rig.router.route(message('tick', 0));
    const offer = rig.router.offer(message('tick', 1), { signal: own ?? controller.signal });
    await expect(offer).rejects.toMatchObject({ name: 'AbortError' });
    expect(rig.metrics('tick')).toMatchObject({ received: 1, waitingOffers: 0 });
  });
});

describe('19.17 offers that wait', () => {
  it('are answered although their signal ends the router, or makes room, as it is listened to', async () => {
    const rig = await full();
    const ending = odd((method) => void (method === 'add' && rig.router.actor.stop()));
    const offer = rig.router.offer(message('tick', 1), { signal: ending });
    expect(await offer).toEqual({ status: 'rejected', reason: 'not-running' });
    const other = await full();
    const freeing = odd((method) => void (method === 'add' && other.router.resume()));
    const accepted = other.router.offer(message('tick', 1), { signal: freeing });
    expect(await other.advanceUntil(accepted)).toEqual({ status: 'accepted' });
  });

  it('are bounded by `waitingMax`, and counted: another one is rejected as mailbox-full', async () => {
    const rig = await full(10);
    const offers = messages('tick', 12, 1).map((each) => rig.router.offer(each));
    expect(await offers[11]).toEqual({ status: 'rejected', reason: 'mailbox-full' });
    expect(rig.metrics('tick')).toMatchObject({ received: 3, rejectedBy: { 'mailbox-full': 2 }, waitingOffers: 10 });
    await rig.stop();
    expect(rig.metrics('tick')).toMatchObject({ waitingOffers: 0, rejectedBy: { 'not-running': 10 } });
  });

  it.each(['stop', 'abort'])('are answered in one pass through the queue, however many wait: %s', async (how) => {
    const rig = await full();
    const controller = new AbortController();
    const options = how === 'abort' ? { signal: controller.signal } : {};
    const offers = messages('tick', 2_000, 1).map((each) => rig.router.offer(each, options));
    const answers = Promise.allSettled(offers);
    // A set that is asked for its first element passes all that were deleted, and a signal looks through its listeners.
    const passes = [vi.spyOn(Set.prototype, 'values'), vi.spyOn(Set.prototype, Symbol.iterator)];
    if (how === 'abort') {
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
      controller.abort();
    } else rig.router.stop().catch(() => {});
    const count = passes.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    vi.restoreAllMocks();
    expect(count).toBeLessThan(100);
    await rig.stop();
    const isAnswered = (each: PromiseSettledResult<Outcome>): boolean =>
      each.status === 'rejected' ? how === 'abort' : each.value.status === 'rejected';
    expect((await answers).every(isAnswered)).toBe(true);
    expect(rig.metrics('tick').rejected).toBe(how === 'abort' ? 0 : 2_000);
  });

  it.each([
    ['stop', ['tick']],
    ['stop', ['tick', 'copy']],
    ['remove', ['tick']],
  ] as const)(
    'are refused in several turns of the event loop when very many wait, and the report has all: %s of %j',
    async (how, names) => {
      const sink = { dataType: 'tick', batchSize: 1, capacity: 1, waitingMax: 100_000 };
      const rig = await createTestRouter({ sinks: Object.fromEntries(names.map((name) => [name, sink])) });
      rig.router.pause();
      rig.router.route(message('tick', 0));
      const offers = messages('tick', 5_000, 1).map((each) => rig.router.offer(each));
      const ended = (ending: Promise<unknown>) => {
        expect(rig.metrics('tick').waitingOffers).toBeGreaterThan(4_000);
        return rig.advanceUntil(ending);
      };
      const report = { stop: () => rig.router.stop(), remove: () => rig.router.remove('tick') };
      const counts = { received: 5_001, rejected: 5_000, returned: 1 };
      expect(await ended(report[how]())).toMatchObject(how === 'stop' ? { channels: { tick: counts } } : counts);
      expect((await Promise.all(offers)).every(({ status }) => status === 'rejected')).toBe(true);
    },
  );
});
