import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serveProbes as serveWithExpress } from '../../docs/examples/express-probes.ts';
import { serveProbes as serveWithFastify } from '../../docs/examples/fastify-probes.ts';
import { createRouter, type DataChannelRouter, defineChannel } from '../../src/index.ts';
import { textOf } from '../support/project-files.ts';

function createSilentRouter(): DataChannelRouter {
  const router = createRouter({ channels: { tick: defineChannel({ process() {} }) } });
  onTestFinished(async () => void (await router.stop()));
  return router;
}

async function listenWithFastify(router: DataChannelRouter): Promise<number> {
  const app = fastify();
  onTestFinished(() => app.close());
  serveWithFastify(app, router);
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

async function listenWithExpress(router: DataChannelRouter): Promise<number> {
  const app = express();
  serveWithExpress(app, router);
  const server = createServer(app as RequestListener);
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe.each([
  ['Fastify', listenWithFastify, 'fastify'],
  ['Express', listenWithExpress, 'express'],
])('%s', (_, listen, name) => {
  it('says live and ready as the router lives', async () => {
    const router = createSilentRouter();
    const port = await listen(router);
    const ask = async (probe: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}/${probe}`)).status;
    expect([await ask('live'), await ask('ready')], 'not started').toEqual([200, 503]);
    await router.start();
    expect([await ask('live'), await ask('ready')], 'running').toEqual([200, 200]);
    await router.stop();
    expect([await ask('live'), await ask('ready')], 'stopped').toEqual([503, 503]);
  });

  it('answers with what is wrong; a tripped channel is no reason to send the data elsewhere', async () => {
    const router = createSilentRouter();
    await router.start();
    router.trip('tick');
    const response = await fetch(`http://127.0.0.1:${await listen(router)}/ready`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('application/json');
    const channel = { state: 'tripped', status: 'unhealthy', reason: expect.stringContaining('breaker opened') };
    expect(await response.json()).toMatchObject({ status: 'unhealthy', ready: true, channels: { tick: channel } });
  });

  it('the guide shows just this code', () => {
    const [, body = ''] = textOf(`docs/examples/${name}-probes.ts`).split(/\): void \{\n|\n\}\n$/);
    const lines = body.split('\n').map((line) => line.slice(2));
    expect(textOf('docs/guides/monitoring.md')).toContain(lines.join('\n'));
  });
});
