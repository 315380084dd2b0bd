import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildPage } from '../../../config/build-page.ts';
import { createInspector, type Inspector } from '../../../src/inspector/index.ts';
import { LiveStream } from '../../../src/inspector/live-stream.ts';
import type { Hello, Tick } from '../../../src/inspector/protocol.ts';
import { TimeLine } from '../../../src/inspector/time-line.ts';
import { createTestRouter, hang, message, messages, reject, type TestRouter } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';
import { projectRoot } from '../../support/project-files.ts';
import { ask, SlowReader, until, Watcher } from './visitor.ts';

let rig: TestRouter;
let inspector: Inspector;

beforeAll(() => buildPage(projectRoot));
beforeEach(async () => {
  rig = await createTestRouter({ sinks: { tick: { retry: { attempts: 1 }, breaker: { minimumCalls: 1 } } } });
  inspector = await createInspector(rig.router, { clock: rig.clock });
});
afterEach(() => inspector.close());

async function watch(): Promise<Watcher> {
  const before = inspector.watchers;
  const watcher = Watcher.open(inspector.url);
  await until(() => inspector.watchers > before);
  await until(() => watcher.events('hello').length > 0);
  return watcher;
}

async function ticks(watcher: Watcher, count: number): Promise<Tick[]> {
  for (let sent = 0; sent < count; sent += 1) await rig.clock.advance(250);
  await until(() => watcher.events('tick').length >= count);
  return watcher.events<Tick>('tick');
}

describe('while nobody watches', () => {
  it('no timer runs and nothing that comes with messages is listened to', async () => {
    const heard = rig.router.events as unknown as { all: Map<string, unknown[]> };
    const listeners = (): string[] => [...heard.all].flatMap(([type, all]) => (all.length > 0 ? [type] : []));
    expect(rig.clock.pending).toBe(0);
    const hot = [
      'event',
      'batch.flushed',
      'batch.failed',
      'message.rejected',
      'message.dropped',
      'message.deadLettered',
    ];
    expect(listeners().filter((type) => hot.includes(type))).toEqual([]);
    const watcher = await watch();
    expect(rig.clock.pending).toBe(1);
    expect(listeners().filter((type) => hot.includes(type))).toEqual([]);
    watcher.socket.destroy();
    await until(() => inspector.watchers === 0);
    expect(rig.clock.pending).toBe(0);
    await inspector.close();
    // That of the rig is left.
    expect(listeners()).toEqual(['*']);
  });

  it('what went wrong is remembered for the one who comes to look', async () => {
    rig.sink('tick').otherwise = reject();
    rig.router.route(message('tick', 1));
    await rig.clock.advance(100);
    const [hello] = (await watch()).events<Hello>('hello');
    expect(hello?.entries.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^breaker opened: failure rate, 100% of 1 failed; probes in \d/),
      'tripped: the breaker opened',
      'alert breaker-open: the breaker is open: tripped',
    ]);
    expect(hello?.frames).toHaveLength(1);
  });

  it('ordinary traffic leaves no trace, however much there is', async () => {
    for (const each of messages('tick', 3_000)) {
      rig.router.route(each);
      await rig.clock.advance(5);
    }
    const [hello] = (await watch()).events<Hello>('hello');
    expect(hello?.entries).toEqual([]);
  });
});

it('a frame that fails costs the pages their streams and the host nothing; they are served again', async () => {
  const watcher = await watch();
  const { explain } = rig.router;
  rig.router.explain = () => {
    throw new Error('planted');
  };
  await rig.clock.advance(250);
  await watcher.isOver;
  await until(() => inspector.watchers === 0);
  rig.router.explain = explain;
  const again = await watch();
  expect(again.events<Hello>('hello')[0]?.entries.at(-1)?.text).toBe('the inspector failed: planted');
  expect(await ticks(again, 1)).toHaveLength(1);
});

describe('a page', () => {
  it('hears four times a second what the router says at that moment', async () => {
    const watcher = await watch();
    rig.sink('tick').otherwise = hang();
    for (const each of messages('tick', 5)) rig.router.route(each);
    const [first, second] = await ticks(watcher, 2);
    expect([first?.frame.at, second?.frame.at]).toEqual([rig.clock.wallTime() - 250, rig.clock.wallTime()]);
    const [row] = second?.frame.channels ?? [];
    const { state, sinceMs, sentence } = rig.router.explain('tick');
    expect(row).toMatchObject({
      name: 'tick',
      state,
      sinceMs,
      sentence,
      depth: 4,
      inFlight: 1,
      oldestMs: 500,
      capacity: 1_000,
    });
    expect(second?.frame).toMatchObject({ received: 5, conserved: true, state: 'running' });
  });

  it('hears each transition once, ordinary ones at most once a frame and partition', async () => {
    const watcher = await watch();
    for (const each of messages('tick', 20)) {
      rig.router.route(each);
      await rig.clock.advance(5);
    }
    rig.router.pause('tick');
    const [tick, next] = await ticks(watcher, 2);
    expect(tick?.entries.map(({ to }) => to).sort()).toEqual(['flushing', 'paused']);
    expect(next?.entries).toEqual([]);
  });

  it('that comes later is given the past', async () => {
    const first = await watch();
    await ticks(first, 7);
    const [hello] = (await watch()).events<Hello>('hello');
    expect(hello?.frames).toHaveLength(8);
  });

  it('that comes when all others have left is told everything again', async () => {
    const first = await watch();
    await ticks(first, 1);
    first.socket.destroy();
    await until(() => inspector.watchers === 0);
    rig.router.pause('tick');
    const second = await watch();
    expect(second.events<Hello>('hello')[0]?.entries.map(({ to }) => to)).toEqual(['paused']);
    const [tick] = await ticks(second, 1);
    expect(tick?.frame.channels[0]?.state).toBe('paused');
  });

  it('is told of another configuration, and only then', async () => {
    const watcher = await watch();
    await ticks(watcher, 2);
    await rig.router.reconfigure({ channels: { tick: { batchSize: 9 } } });
    const heard = await ticks(watcher, 4);
    const configs = heard.filter(({ config }) => config !== undefined);
    expect(configs.at(-1)?.config).toMatchObject({ channels: { tick: { batchSize: 9 } } });
    expect(configs.length).toBeLessThanOrEqual(2);
  });

  it('sees the end of the router, and then the end of the stream', async () => {
    const watcher = await watch();
    await rig.stop();
    await watcher.isOver;
    expect(watcher.events<Tick>('tick').at(-1)?.frame.state).toBe('stopped');
    await expect(ask(inspector.url)).rejects.toThrow('ECONNREFUSED');
  });

  it('is let go when the inspector closes, and the router goes on', async () => {
    const watcher = await watch();
    await Promise.all([inspector.close(), inspector.close(), watcher.isOver]);
    rig.router.route(message('tick', 1));
    await rig.advance(100);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([1]);
  });

  it('beyond the thirty-second is turned away', async () => {
    const watchers = Array.from({ length: 32 }, () => Watcher.open(inspector.url));
    await until(() => inspector.watchers === 32);
    expect(await ask(inspector.url, { path: 'live' })).toMatchObject({
      status: 429,
      body: '32 pages are open already: close one',
    });
    for (const { socket } of watchers) socket.destroy();
    await until(() => inspector.watchers === 0);
  });
});

it('a page that fell behind gets the present frame and what happened meanwhile, and not the frames it has', async () => {
  const timeLine = new TimeLine(rig.router.events, rig.clock);
  const stream = new LiveStream(rig.router, timeLine, rig.clock, { operations: [], showPayloads: false });
  const answer = stream.answer();
  const reader = new SlowReader(1);
  if ('stream' in answer) answer.stream(reader.response);
  for (let sent = 0; sent < 5; sent += 1) await rig.clock.advance(250);
  rig.router.pause('tick');
  // It takes the first hello, is told the present state, and takes that.
  for (let taken = 0; taken < 2; taken += 1) {
    reader.take();
    await rig.clock.advance(250);
  }
  const [first = '', second = ''] = reader.read;
  const dataOf = (text: string): Hello => JSON.parse(/^event: hello\ndata: (.*)\n\n$/.exec(text)?.[1] ?? '');
  expect([dataOf(first).frames.length, dataOf(second).frames.length]).toEqual([1, 1]);
  expect(dataOf(second).frames[0]?.channels[0]?.state).toBe('paused');
  expect(dataOf(second).entries.map(({ to }) => to)).toEqual(['paused']);
  stream.close();
  timeLine.dispose();
});

it('a page whose first frame fails loses its stream, and the router does not notice', async () => {
  const { health } = rig.router;
  rig.router.health = () => {
    throw new Error('planted');
  };
  const watcher = Watcher.open(inspector.url);
  await watcher.isOver;
  rig.router.health = health;
  expect((await watch()).events('hello')).toHaveLength(1);
  rig.checkConserved();
});

it('whoever is in the middle of a request when the inspector closes gets 200 ms', async () => {
  const { port, pathname, host, origin } = new URL(inspector.url);
  const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
  const whole = `GET ${pathname}icon.svg HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const type = 'Content-Type: application/json';
  // It comes with the one before: when that is answered, it has begun.
  socket.write(
    `${whole}POST ${pathname}operate HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\n${type}\r\nContent-Length: 9\r\n\r\n`,
  );
  await once(socket, 'data');
  let isClosed = false;
  const closed = inspector.close().then(() => {
    isClosed = true;
  });
  await rig.clock.advance(199);
  expect(isClosed).toBe(false);
  await rig.clock.advance(1);
  await closed;
});

it('a page that never reads is cut off in the end, and the others see everything', async () => {
  const reader = await watch();
  const stalled = Watcher.open(inspector.url);
  await until(() => inspector.watchers === 2);
  stalled.socket.pause();
  // Enough for every buffer on the way to be full, and then for its time to be over.
  let rounds = 0;
  for (; inspector.watchers === 2 && rounds < 100_000; rounds += 1) {
    await rig.clock.advance(250);
    if (rounds % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(inspector.watchers).toBe(1);
  await until(() => reader.events('tick').length > 0);
  rig.checkConserved();
});
