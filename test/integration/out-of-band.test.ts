import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRouter, type DataChannelRouter, defineChannel } from '../../src/index.ts';
import { type MetricsThreadOptions, serviceOf, startMetricsThread } from '../../src/inspector/thread.ts';
import type { ThreadHealth } from '../../src/inspector/thread-watch.ts';
import { ASKER } from '../support/asker.ts';
import { bundled } from '../support/bundled.ts';
import { valueIn } from '../support/exposition.ts';
import { ask, type Reply } from '../unit/inspector/visitor.ts';

const token = 'a-token';
const worker = bundled('src/inspector/thread-worker.ts');

const Sink = defineChannel({ process: () => {} });

async function started(deliver = (): void => {}): Promise<DataChannelRouter> {
  const router = createRouter({
    config: { router: { onGiveUp: 'escalate' }, channels: { tick: { batchSize: 2 }, ohlcv: {} } },
    channels: { tick: defineChannel({ process: deliver }), ohlcv: Sink },
  });
  // One that has failed is stopped.
  onTestFinished(async () => void (await router.stop().catch(() => {})));
  await router.start();
  return router;
}

type MetricsThread = Awaited<ReturnType<typeof startMetricsThread>>;

async function threadOf(router: DataChannelRouter, options: Partial<MetricsThreadOptions> = {}) {
  const thread = await startMetricsThread(
    router,
    serviceOf({ token, ...options }, token),
    () => {},
    pathToFileURL(worker.path),
  );
  onTestFinished(() => thread.stop());
  return thread;
}

function askThread({ port }: MetricsThread, path: string): Promise<Reply> {
  return ask(`http://127.0.0.1:${port}/`, { path: `${path}?token=${token}` });
}

/** Asks until the answer is as expected: on a busy machine the first one may be from before. */
async function untilSaid(thread: MetricsThread, path: string, isExpected: (reply: Reply) => boolean): Promise<Reply> {
  for (;;) {
    const reply = await askThread(thread, path);
    if (isExpected(reply)) return reply;
  }
}

/** Asks until nobody answers any more. */
async function untilRefused(thread: MetricsThread): Promise<string> {
  for (;;) {
    const refusal = await askThread(thread, '/health').then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (refusal !== undefined) return refusal;
  }
}

interface Heard {
  readonly error?: string;
  readonly status: number;
  readonly health: ThreadHealth;
  readonly metrics: string;
}

/** What another thread hears while this one does nothing but wait for it. */
function hearWhileStuck({ port }: MetricsThread): Heard {
  const url = `http://127.0.0.1:${port}`;
  const flag = new SharedArrayBuffer(8);
  const room = new SharedArrayBuffer(200_000);
  const asker = new Worker(ASKER, { eval: true, workerData: { url, token, flag, room } });
  onTestFinished(async () => void (await asker.terminate()));
  // Nothing of this thread runs meanwhile: no promise, no timer, no socket.
  const word = Atomics.wait(new Int32Array(flag), 0, 0, 60_000);
  if (word === 'timed-out') throw new Error('nothing was heard within a minute');
  const length = Atomics.load(new Int32Array(flag), 1);
  return JSON.parse(new TextDecoder().decode(new Uint8Array(room.slice(0, length))));
}

describe('while the main thread is stuck in a handler', () => {
  it('the thread answers, says so, names the channel and counts what came meanwhile', async () => {
    let heard: Heard | undefined;
    let router: DataChannelRouter | undefined;
    let thread: MetricsThread | undefined;
    router = await started(() => {
      if (heard !== undefined || thread === undefined || router === undefined) return;
      // Counted after the last moment in which this thread could have told anybody.
      for (let n = 0; n < 7; n += 1) router.route({ ev: 'AM', sym: 'A', n });
      router.route({ ev: 'nobody', sym: 'A' });
      heard = hearWhileStuck(thread);
    });
    thread = await threadOf(router, { stuckAfterMs: 100 });
    router.routeAll([1, 2, 3].map((n) => ({ ev: 'T', sym: 'A', n })));
    while (heard === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(heard.error).toBeUndefined();
    expect(heard.status).toBe(503);
    expect(heard.health).toMatchObject({ status: 'unhealthy', ready: false, live: true, state: 'running' });
    expect(heard.health.mainThread).toMatchObject({ stuck: true, inFlight: { tick: 2 } });
    expect(heard.health.mainThread.silentMs).toBeGreaterThanOrEqual(100);
    expect(heard.health.mainThread.text).toMatch(/stuck: no answer for [\d.]+ s; process has messages of tick\./);
    expect(valueIn(heard.metrics, 'sluice_main_thread_stuck')).toBe(1);
    expect(valueIn(heard.metrics, 'sluice_main_thread_silent_seconds')).toBeGreaterThanOrEqual(0.1);
    expect(valueIn(heard.metrics, 'sluice_messages_received_total', { channel: 'ohlcv' })).toBe(7);
    expect(valueIn(heard.metrics, 'sluice_messages_buffered', { channel: 'ohlcv' })).toBe(7);
    expect(valueIn(heard.metrics, 'sluice_messages_in_flight', { channel: 'tick' })).toBe(2);
  });

  it('channels that were added since the last scrape are counted: a beat has told of them', async () => {
    let heard: Heard | undefined;
    const router = await started();
    const thread = await threadOf(router, { stuckAfterMs: 100 });
    const process = (): void => {
      heard ??= hearWhileStuck(thread);
    };
    router.add('extra', defineChannel({ process }), { dataType: 'extra', batchSize: 1 });
    let beats = 0;
    const health = router.health.bind(router);
    router.health = () => {
      beats += 1;
      return health();
    };
    // Nobody scrapes, so it is beats that ask.
    while (beats < 2) await new Promise((resolve) => setImmediate(resolve));
    for (let n = 0; heard === undefined; n += 1) {
      router.route({ sym: 'A', n }, { dataType: 'extra' });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(heard.health.mainThread.inFlight).toEqual({ extra: 1 });
    expect(valueIn(heard.metrics, 'sluice_calls_total', { channel: 'extra' })).toBe(1);
  });
});

describe('while all is well', () => {
  it('health and metrics are those of the router, channels added later included', async () => {
    const router = await started();
    const thread = await threadOf(router);
    router.add('extra', Sink, { dataType: 'extra', batchSize: 1 });
    for (let n = 0; n < 9; n += 1) router.route({ sym: 'A', n }, { dataType: 'extra' });
    const said = await untilSaid(thread, '/health', ({ body }) => body.includes('"extra"'));
    expect(said.headers['content-type']).toBe('application/json');
    expect(Object.keys(JSON.parse(said.body).channels)).toEqual(['tick', 'ohlcv', 'extra']);
    const { status, headers, body } = await untilSaid(thread, '/metrics', (reply) => reply.body.includes('"extra"'));
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(valueIn(body, 'sluice_messages_received_total', { channel: 'extra' })).toBe(9);
    expect(valueIn(body, 'sluice_router_conserved')).toBe(1);
  });

  it.each([
    ['its router', (router: DataChannelRouter) => router.stop()],
    [
      'its router that fails',
      (router: DataChannelRouter) => {
        const broken = (): never => {
          throw new Error('broken');
        };
        router.add('broken', broken, { dataType: 'broken', restart: { limit: 0 } });
      },
    ],
  ])('it ends with %s', async (_, end) => {
    const router = await started();
    const thread = await threadOf(router);
    await end(router);
    const refused = await untilRefused(thread);
    expect(refused).toMatch(/ECONNREFUSED|ECONNRESET|socket hang up/);
    await thread.stop();
  });

  it('a port that is taken is told at the start', async () => {
    const router = await started();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    await expect(threadOf(router, { port })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: listen EADDRINUSE`);
  });
});

it('a reload makes new partitions, and the thread counts what they get', async () => {
  const router = await started();
  const thread = await threadOf(router);
  const send = (count: number): void => {
    for (let n = 0; n < count; n += 1) router.route({ ev: 'T', sym: `S${n}`, n });
  };
  send(5);
  await router.reconfigure({ channels: { tick: { batchSize: 2, partitions: 4 }, ohlcv: {} } });
  send(20);
  const { body } = await untilSaid(thread, '/metrics', (reply) => {
    return valueIn(reply.body, 'sluice_mailbox_capacity', { channel: 'tick' }) === 4_000;
  });
  expect(valueIn(body, 'sluice_messages_received_total', { channel: 'tick' })).toBe(25);
});
