import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Question } from '../../../src/inspector/thread-link.ts';
import { createThreadServer } from '../../../src/inspector/thread-server.ts';
import { ThreadWatch } from '../../../src/inspector/thread-watch.ts';
import { readRouter } from '../../../src/metrics/reading.ts';
import { createTestRouter, type TestRouter } from '../../../src/testing/index.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { type Asked, ask, type Reply, until } from './visitor.ts';

const token = 'a-token';
let rig: TestRouter;
/** Of the thread: that of the router is another one. */
let clock: ReturnType<typeof createSimulatedClock>;
let server: ReturnType<typeof createThreadServer>;

function port(): number {
  return (server.address() as AddressInfo).port; // It listens.
}

beforeEach(async () => {
  rig = await createTestRouter({ sinks: { tick: {} } });
  clock = createSimulatedClock();
  const everything = () => ({ reading: readRouter(rig.router), counters: {} });
  const answer = (to: Question): void => {
    queueMicrotask(() => watch.hear({ to, health: rig.router.health(), all: everything() }));
  };
  const watch = new ThreadWatch(everything(), answer, clock, 1_000);
  server = createThreadServer(watch, {
    host: '127.0.0.1',
    port: 0,
    metricsPath: '/metrics',
    healthPath: '/health',
    token,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function asking(asked: Asked): Promise<Reply> {
  return ask(`http://127.0.0.1:${port()}/`, asked);
}

describe('who asks', () => {
  const bearer = { authorization: `Bearer ${token}` };
  it.each<[string, Asked, number]>([
    ['with the token as a header', { path: '/metrics', headers: bearer }, 200],
    ['by the other name of this computer', { headers: { host: 'localhost:PORT' } }, 200],
    ['with HEAD', { method: 'HEAD' }, 200],
    ['without a token', { path: '/metrics' }, 401],
    ['with a wrong token', { path: '/health?token=wrong' }, 401],
    ['with a wrong scheme', { path: '/metrics', headers: { authorization: `Basic ${token}` } }, 401],
    ['by a name that leads here', { headers: { host: 'evil.example:PORT' } }, 403],
    ['for another port', { headers: { host: '127.0.0.1:1' } }, 403],
    ['from a page', { headers: { origin: 'http://127.0.0.1:PORT' } }, 403],
    ['with POST', { method: 'POST' }, 405],
    ['for something else', { path: `/?token=${token}` }, 404],
    ['for a file', { path: `/../../etc/passwd?token=${token}` }, 404],
    ['for what is no address', { path: '//' }, 500],
    ['with too much', { headers: { padding: 'x'.repeat(20_000) } }, 431],
  ])('%s', async (_, { headers = {}, ...asked }, status) => {
    const filled = Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', String(port()))]);
    const reply = await asking({ path: `/health?token=${token}`, ...asked, headers: Object.fromEntries(filled) });
    expect(reply.status).toBe(status);
    rig.checkConserved();
  });
});

it('more connections than it takes are refused, and those it has and the router go on', async () => {
  const sockets = Array.from({ length: 200 }, () => connect(port(), '127.0.0.1').on('error', () => {}));
  const isClosed = ({ closed, readableEnded }: Socket): boolean => closed || readableEnded;
  for (const socket of sockets) socket.resume();
  await until(() => sockets.filter(isClosed).length >= 136);
  expect(sockets.filter(isClosed)).toHaveLength(136);
  const [one, ...others] = sockets.filter((socket) => !isClosed(socket));
  for (const other of others) other.destroy();
  one?.write(`GET /health HTTP/1.1\r\nhost: 127.0.0.1:${port()}\r\nauthorization: Bearer ${token}\r\n\r\n`);
  const answer = await new Promise((resolve) => one?.once('data', (chunk) => resolve(String(chunk))));
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
  expect(rig.router.health().status).toBe('healthy');
  for (const socket of sockets) socket.destroy();
});
