import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { buildPage } from '../../../config/build-page.ts';
import { createRouter, type Logger } from '../../../src/index.ts';
import { createInspector, type Inspector, type InspectorOptions } from '../../../src/inspector/index.ts';
import { loadPage } from '../../../src/inspector/page-files.ts';
import { serve } from '../../../src/inspector/server.ts';
import { createTestRouter, message, messages, reject, succeed, type TestRouter } from '../../../src/testing/index.ts';
import { FeedRig } from '../../support/feed-rig.ts';
import { numbersOf } from '../../support/numbers.ts';
import { projectRoot } from '../../support/project-files.ts';
import { ask, order } from './visitor.ts';

let rig: TestRouter;
let inspector: Inspector;
let url: string;

beforeAll(() => buildPage(projectRoot));
beforeEach(async () => {
  rig = await createTestRouter({ sinks: { tick: {}, fmv: {} } });
  inspector = await createInspector(rig.router, { clock: rig.clock });
  url = inspector.url;
});
afterEach(async () => {
  await inspector.close();
  rig.checkConserved();
});

/** Whether a connection to the page's port at another address comes about. */
async function connects(host: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('the page', () => {
  it.each([
    ['', 'text/html'],
    ['page.js', 'text/javascript'],
    ['page.css', 'text/css'],
    ['charts.json', 'application/json'],
    ['icon.svg', 'image/svg+xml'],
  ])('is served below the token: %s', async (path, type) => {
    const { status, headers, body } = await ask(url, { path });
    expect([status, headers['content-type']]).toEqual([200, `${type}; charset=utf-8`]);
    expect(body.length).toBeGreaterThan(100);
  });

  it('carries the license of the chart library that is bundled in it', async () => {
    const { body } = await ask(url, { path: 'page.js' });
    expect(body).toContain('Leon Sorokin');
    expect(body).toContain('Permission is hereby granted');
  });

  it('is small: what a browser loads is below 150 kB', async () => {
    const replies = await Promise.all(['', 'page.js', 'page.css', 'charts.json'].map((path) => ask(url, { path })));
    expect(replies.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThan(150_000);
  });

  it.each(['', 'page.js', 'nothing', 'live'])(
    'is told to run nothing but its own files, and to keep nothing: %s',
    async (path) => {
      const { headers } = await ask(url, { path, method: 'HEAD' });
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/);
      expect(headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
      });
    },
  );

  it('names nothing of elsewhere and holds no script of its own in the markup', async () => {
    const { body } = await ask(url);
    expect(body).not.toMatch(/https?:|\/\/|<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/i);
  });

  it('is another address each time', async () => {
    const other = await createInspector(rig.router, { clock: rig.clock });
    expect(new URL(other.url).pathname).not.toBe(new URL(url).pathname);
    expect(new URL(url).pathname).toMatch(/^\/[\w-]{32}\/$/);
    await other.close();
  });
});

describe('refused is', () => {
  const token = (): string => new URL(url).pathname;

  it.each([
    ['no token', () => '/'],
    ['no token before a file', () => '/page.js'],
    ['a wrong token', () => `/${'x'.repeat(32)}/`],
    ['a token that is a part of the right one', () => `${token().slice(0, -2)}/`],
    ['a token with more behind it', () => `${token().slice(0, -1)}x/`],
    ['a token of another case', () => token().toUpperCase()],
    ['an address that is a whole URL', () => `http://127.0.0.1${token()}`],
    ['a very long token', () => `/${'x'.repeat(6_000)}/`],
  ])('%s', async (_, path) => {
    const { status, body } = await ask(url, { path: path() });
    expect([status, body]).toEqual([403, expect.stringContaining('the token in the address is wrong')]);
  });

  it.each([
    ['evil.example'],
    ['evil.example:80'],
    ['127.0.0.1.evil.example'],
    ['127.0.0.2'],
    ['0.0.0.0'],
    ['[::1]'],
    ['localhost.'],
    ['127.0.0.1@evil.example'],
  ])('the Host %s, which another site may have led here', async (host) => {
    const { status } = await ask(url, { headers: { Host: host } });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(404);
  });

  it.each([['http://evil.example'], ['null'], ['http://127.0.0.1'], ['http://127.0.0.1:1'], ['https://localhost']])(
    'the Origin %s',
    async (origin) => {
      expect((await ask(url, { path: 'live', headers: { Origin: origin } })).status).toBe(403);
      expect((await order(url, { operation: 'pause', channel: 'tick' }, { Origin: origin })).status).toBe(403);
    },
  );

  it.each(['cross-site', 'same-site'])('a script of a %s page; a link to the page is not', async (site) => {
    const headers = { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'script' };
    expect((await ask(url, { path: 'page.js', headers })).status).toBe(403);
    const frame = { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' };
    expect((await ask(url, { headers: frame })).status).toBe(403);
    const visit = { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
    expect((await ask(url, { headers: visit })).status).toBe(200);
  });

  it.each([
    '../package.json',
    '..%2f..%2fpackage.json',
    '%2e%2e/%2e%2e/package.json',
    '....//package.json',
    '..\\package.json',
    '/etc/passwd',
    'page.js/../../../package.json',
    'page.js%00.html',
    'page.js.map',
    '.',
    'constructor',
    '__proto__',
  ])('a path out of the page: %s', async (path) => {
    const { status, body } = await ask(url, { path: path.startsWith('/') ? `${token()}${path}` : path });
    expect([status, body.includes('"name"')]).toEqual([404, false]);
  });

  it.each(['PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'])('the method %s', async (method) => {
    expect((await ask(url, { method })).status).toBe(405);
  });

  it('whoever comes to another address of this computer', async () => {
    const others = Object.values(networkInterfaces()).flatMap((all) => all?.filter(({ internal }) => !internal) ?? []);
    const hosts = ['127.0.0.2', '::1', ...others.map(({ address }) => address)];
    expect(await Promise.all(hosts.map(connects))).toEqual(hosts.map(() => false));
    expect(await connects('127.0.0.1')).toBe(true);
  });
});

it('connections that cannot be accepted do not end the process, however many', async () => {
  const failures: unknown[] = [];
  const routes = {
    get: () => ({ type: 'text/plain', content: '' }),
    post: () => ({ type: 'text/plain', content: '' }),
  };
  const { server } = await serve(0, 'token', routes, (error) => failures.push(error));
  // As Node does while all file descriptors are in use.
  for (let count = 0; count < 3; count += 1) server.emit('error', new Error('accept EMFILE'));
  expect(failures.map(String)).toEqual(['Error: accept EMFILE', 'Error: accept EMFILE', 'Error: accept EMFILE']);
  server.close();
});

describe('an oversized request', () => {
  it.each([
    ['headers', { headers: { 'X-Long': 'x'.repeat(100_000) } }],
    ['an address', { path: `/${'x'.repeat(100_000)}` }],
    ['headers that come in many pieces', { headers: { 'X-Long': 'x'.repeat(900_000) } }],
  ])('with long %s is cut off', async (_, asked) => {
    await expect(ask(url, asked).then(({ status }) => status)).resolves.toBe(431);
  });

  it('with a long body is cut off, and an endless one too', async () => {
    const control = await createInspector(rig.router, { clock: rig.clock, allowControl: true });
    expect(await order(control.url, 'x'.repeat(5_000))).toMatchObject({
      status: 413,
      body: 'a body may have at most 4096 bytes',
    });
    // More than a socket holds: an answer would be lost if the rest were left unread.
    expect((await order(control.url, 'x'.repeat(900_000))).status).toBe(413);
    const { port, pathname, host, origin } = new URL(control.url);
    const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
    const head = `POST ${pathname}operate HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    socket.write(head);
    const flood = (): void => {
      if (socket.writable) socket.write(`400\r\n${'x'.repeat(1_024)}\r\n`, flood);
    };
    flood();
    await new Promise((resolve) => socket.on('close', resolve));
    await control.close();
  });
});

/** An inspector that may be ordered about, and what it writes down of its orders. */
async function controlled(onDrained?: InspectorOptions['onDrained']) {
  const told: unknown[] = [];
  const write = (fields: { operator: string }): void => void told.push(fields.operator);
  const logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  const options = { clock: rig.clock, allowControl: true, logger: logger as Logger };
  const control = await createInspector(rig.router, { ...options, ...(onDrained && { onDrained }) });
  onTestFinished(() => control.close());
  return { told, control };
}

describe('control', () => {
  it.each(['pause', 'resume', 'flush', 'trip', 'reset', 'restart', 'drain', 'replay', 'subscribe', 'unsubscribe'])(
    'without allowControl is refused: %s',
    async (operation) => {
      const before = JSON.stringify(rig.router.health());
      const { status, body } = await order(url, { operation, channel: 'tick' });
      expect([status, body]).toEqual([403, expect.stringContaining('allowControl')]);
      expect(JSON.stringify(rig.router.health())).toBe(before);
    },
  );

  it('changes the subscriptions of a feed, tells them, and records who asked', async () => {
    const feed = rig.router.feeds.add(new FeedRig({ to: rig.router, clock: rig.clock }).feed).name;
    const { control, told } = await controlled();
    const standing = async () => JSON.parse((await ask(control.url, { path: 'subscriptions?feed=main' })).body);
    expect(await standing()).toEqual({ A: 'wanted' });
    expect((await order(control.url, { operation: 'subscribe', feed, names: ['B', 'C'] })).status).toBe(200);
    expect((await order(control.url, { operation: 'unsubscribe', feed, names: ['A'] })).status).toBe(200);
    expect(await standing()).toEqual({ B: 'wanted', C: 'wanted' });
    const refused = await order(control.url, { operation: 'subscribe', feed, names: ['?'] });
    expect([refused.status, refused.body]).toEqual([409, "fake: there is no '?'"]);
    expect(told.join()).toContain('an operator asked for subscribe: B, C');
    expect(told.join()).not.toContain('?');
    rig.router.feeds.remove(feed);
  });

  it('needs the page: an Origin, and JSON, as no form of another site can send', async () => {
    await using control = await createInspector(rig.router, { clock: rig.clock, allowControl: true });
    const body = JSON.stringify({ operation: 'pause', channel: 'tick' });
    const json = { 'Content-Type': 'application/json' };
    const { origin } = new URL(control.url);
    expect((await ask(control.url, { method: 'POST', path: 'operate', headers: json, body })).status).toBe(403);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; x=1'])
      expect((await order(control.url, body, { 'Content-Type': type })).status).toBe(415);
    expect((await ask(control.url, { path: 'operate', headers: { Origin: origin } })).status).toBe(404);
    expect(rig.router.explain('tick').state).toBe('idle');
  });

  it.each([
    ['not JSON', '{', 'a command must be JSON'],
    ['null', 'null', 'operation must be pause, resume'],
    ['an unknown operation', { operation: 'stop', channel: 'tick' }, 'got stop'],
    ['a method of the router', { operation: 'constructor', channel: 'tick' }, 'got constructor'],
    ['no channel', { operation: 'pause' }, 'channel must be the name'],
    ['an unknown channel', { operation: 'pause', channel: 'tock' }, "no channel 'tock'; there is tick, fmv"],
    [
      'a feed that is not there',
      { operation: 'subscribe', feed: 'main', names: ['A'] },
      "no feed 'main'; there is none",
    ],
    ['no names', { operation: 'unsubscribe', feed: 'main' }, 'names must be a list of 1 to 1000 subscriptions'],
    ['a name that is none', { operation: 'subscribe', feed: 'main', names: [''] }, 'names must be a list'],
    ['drain without onDrained', { operation: 'drain', channel: 'tick' }, 'needs the option onDrained'],
  ])('says what is wrong with %s', async (_, body, text) => {
    await using control = await createInspector(rig.router, { clock: rig.clock, allowControl: true });
    const reply = await order(control.url, body);
    expect([reply.status, reply.body]).toEqual([409, expect.stringContaining(text)]);
  });

  it('does what the router does, and writes it down', async () => {
    const { control, told } = await controlled();
    const state = (): string => rig.router.explain('tick').state;
    const seen: string[] = [];
    const operations = ['pause', 'resume', 'trip', 'reset', 'restart', 'flush'];
    for (const operation of operations) {
      expect((await order(control.url, { operation, channel: 'tick' })).status).toBe(200);
      seen.push(state());
    }
    expect(seen).toEqual(['paused', 'idle', 'tripped', 'idle', 'failed', 'failed']);
    expect(told.map((line) => /asked for (\w+)/.exec(String(line))?.[1])).toEqual(operations);
  });

  it('hands what a drained channel gives back to the host, and takes the channel out', async () => {
    const drained: unknown[] = [];
    await using control = await createInspector(rig.router, {
      clock: rig.clock,
      allowControl: true,
      onDrained: (channel, { returnedMessages }) => drained.push(channel, returnedMessages),
    });
    rig.router.pause('fmv');
    const [waiting] = messages('fmv', 1);
    rig.router.route(waiting);
    expect((await order(control.url, { operation: 'drain', channel: 'fmv' })).status).toBe(200);
    await rig.clock.advance(10_000);
    expect(drained).toEqual(['fmv', [waiting]]);
    expect([...rig.router.channels.keys()]).toEqual(['tick']);
  });

  it('tells how a drain ended that the host would not take', async () => {
    const { control, told } = await controlled(() => {
      throw new Error('nowhere to put it');
    });
    await order(control.url, { operation: 'drain', channel: 'fmv' });
    await rig.clock.advance(10_000);
    expect(told.at(-1)).toBe('failed: nowhere to put it');
  });

  it('replays one channel at a time, and tells how far it came', async () => {
    const { control, told } = await controlled();
    rig.sink('tick').otherwise = reject({ retryable: false });
    for (const n of [1, 2, 3]) rig.router.route(message('tick', n));
    await rig.advance(5_000);
    rig.sink('tick').otherwise = succeed();
    const replay = { operation: 'replay', channel: 'tick' };
    expect((await order(control.url, replay)).status).toBe(200);
    expect(await order(control.url, { ...replay, channel: 'fmv' })).toMatchObject({
      status: 409,
      body: 'dead letters of tick are being replayed: wait until that has ended',
    });
    rig.router.pause('tick');
    await rig.advance(5_000);
    expect(told.at(-1)).toBe('1 dead letters replayed, 0 left, ended early: channel tick is paused');
    rig.router.resume('tick');
    expect((await order(control.url, replay)).status).toBe(200);
    await rig.advance(5_000);
    expect(told.at(-1)).toBe('2 dead letters replayed, 0 left');
  });

  it('is given at its own address only', async () => {
    await using control = await createInspector(rig.router, { clock: rig.clock, allowControl: true });
    const headers = { Origin: new URL(control.url).origin, 'Content-Type': 'application/json' };
    const body = JSON.stringify({ operation: 'pause', channel: 'tick' });
    expect((await ask(control.url, { method: 'POST', path: 'operates', headers, body })).status).toBe(404);
    expect(rig.router.explain('tick').state).toBe('idle');
  });

  it('survives a logger that throws', async () => {
    const fail = (): never => {
      throw new Error('disk full');
    };
    const logger = { debug: fail, info: fail, warn: fail, error: fail, child: () => logger };
    await using control = await createInspector(rig.router, { clock: rig.clock, allowControl: true, logger });
    expect((await order(control.url, { operation: 'pause', channel: 'tick' })).status).toBe(200);
    expect(rig.router.explain('tick').state).toBe('paused');
  });
});

describe('dead letters', () => {
  async function letters(showPayloads: boolean): Promise<string> {
    rig.sink('tick').otherwise = reject(Object.assign(new Error('bad price'), { retryable: false }));
    rig.router.route({ ...message('tick', 4_711), sym: 'SECRETCO' });
    await rig.clock.advance(1_000);
    expect(await rig.router.deadLetters.list()).toHaveLength(1);
    await using other = await createInspector(rig.router, { clock: rig.clock, showPayloads });
    return (await ask(other.url, { path: 'dead-letters?channel=tick' })).body;
  }

  it('of refused messages come without what was said against them, which may quote them', async () => {
    rig.router.routeAll([{ ev: 'SECRETCO' }, { ev: 'T', sym: 'SECRETCO' }]);
    await using other = await createInspector(rig.router, { clock: rig.clock });
    const { body } = await ask(other.url, { path: 'dead-letters?channel=' });
    expect(body).toContain('unknown-type');
    expect(body).not.toContain('SECRETCO');
    await using open = await createInspector(rig.router, { clock: rig.clock, showPayloads: true });
    expect((await ask(open.url, { path: 'dead-letters?channel=' })).body).toContain('SECRETCO');
  });

  it('are asked of their store up to a number, the newest', async () => {
    const list = vi.spyOn(rig.router.deadLetters, 'list');
    rig.router.routeAll(Array.from({ length: 150 }, (_, n) => ({ ev: `X${n}` })));
    const { body } = await ask(inspector.url, { path: 'dead-letters?channel=' });
    expect(list).toHaveBeenCalledWith({ channel: null, limit: 101, newest: true });
    const { hasMore, letters: rows } = JSON.parse(body);
    expect([hasMore, rows.length, rows[0].id > rows[99].id]).toEqual([true, 100, true]);
  });

  it('come without their messages', async () => {
    const text = await letters(false);
    expect(text).toContain('bad price');
    expect(text).not.toContain('SECRETCO');
  });

  it('come with them where that was asked for', async () => {
    expect(await letters(true)).toContain('SECRETCO');
  });
});

it.each([
  ['was stopped', () => rig.router],
  [
    'was stopped before it was started',
    () => createRouter({ channels: { tick: rig.sink('tick').channel }, clock: rig.clock }),
  ],
])('a router that %s has no inspector', async (_name, make) => {
  const router = make() as typeof rig.router;
  await rig.advanceUntil(router.stop());
  await expect(createInspector(router)).rejects.toMatchObject({ code: 'not-running' });
});

it('an inspector ends with a router that is never started', async () => {
  const router = createRouter({ channels: { tick: rig.sink('tick').channel }, clock: rig.clock });
  const early = await createInspector(router, { clock: rig.clock });
  await router.stop();
  await early.close();
  await expect(ask(early.url, {})).rejects.toThrow('ECONNREFUSED');
});

it('a fault of its own is told to the page, and is no fault of the router', async () => {
  const { list } = rig.router.deadLetters;
  rig.router.deadLetters.list = () => {
    throw new Error('planted');
  };
  expect(await ask(url, { path: 'dead-letters' })).toMatchObject({ status: 500, body: 'planted' });
  rig.router.deadLetters.list = list;
  expect((await ask(url, { path: 'dead-letters' })).status).toBe(200);
});

it('the router does not notice ten thousand connections, and the page still answers', async () => {
  const port = Number(new URL(url).port);
  const open = new Set<ReturnType<typeof connect>>();
  const lines = ['', 'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n', '\x16\x03\x01\x02\x00\x01'];
  for (let index = 0; index < 10_000; index += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.on('close', () => open.delete(socket));
    socket.write(lines[index % lines.length] ?? '');
    open.add(socket);
    rig.router.route(message('tick', index));
    if (open.size < 500) continue;
    // Half of them hang up, the others stay as long as they are let.
    for (const each of [...open].slice(0, 250)) each.destroy();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const each of open) each.destroy();
  await rig.clock.advance(1_000);
  expect(numbersOf(rig.sink('tick').delivered)).toHaveLength(10_000);
  await expect
    .poll(() =>
      ask(url)
        .then(({ status }) => status)
        .catch(() => 0),
    )
    .toBe(200);
});

describe('createInspector', () => {
  it.each([-1, 65_536, 1.5, Number.NaN])('refuses the port %s', async (port) => {
    await expect(createInspector(rig.router, { port })).rejects.toMatchObject({
      code: 'invalid-option',
      message: `port must be a whole number from 0 to 65535, got ${port}`,
    });
  });

  it('says where it looked for a page that was not built', () => {
    expect(() => loadPage([''], '/nowhere')).toThrow("the inspector's page is not in /nowhere: run npm run build");
  });

  it('says that a port is taken, and leaves the router as it was', async () => {
    const port = Number(new URL(url).port);
    await expect(createInspector(rig.router, { port })).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining(`cannot listen on 127.0.0.1:${port}`),
    });
  });
});
