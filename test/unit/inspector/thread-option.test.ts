import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { buildPage } from '../../../config/build-page.ts';
import type * as Inspector from '../../../src/inspector/index.ts';
import type * as Thread from '../../../src/inspector/thread.ts';
import type * as Testing from '../../../src/testing/index.ts';
import { type Bundle, bundle } from '../../support/bundle.ts';
import { projectRoot } from '../../support/project-files.ts';
import { ask } from './visitor.ts';

let worker: Bundle;
let code: URL;
let createInspector: typeof Inspector.createInspector;
let createTestRouter: typeof Testing.createTestRouter;

beforeAll(async () => {
  worker = bundle('src/inspector/thread-worker.ts');
  code = pathToFileURL(worker.path);
  // A worker cannot load sources; it gets the same code in one file.
  vi.doMock('../../../src/inspector/thread.ts', async (original) => {
    const { startMetricsThread, ...rest } = await original<typeof Thread>();
    const start: typeof startMetricsThread = (router, service, failed) =>
      startMetricsThread(router, service, failed, code);
    return { ...rest, startMetricsThread: start };
  });
  // Another test file of this worker may have loaded the inspector before.
  vi.resetModules();
  ({ createInspector } = await import('../../../src/inspector/index.ts'));
  ({ createTestRouter } = await import('../../../src/testing/index.ts'));
  await buildPage(projectRoot);
});
afterAll(() => {
  vi.doUnmock('../../../src/inspector/thread.ts');
  vi.resetModules();
  worker.remove();
});

/** An inspector of a router, with this thread. */
async function inspect(thread: object | boolean = false, port = 0): Promise<Inspector.Inspector> {
  const { clock, router } = await createTestRouter({ sinks: { tick: {} } });
  return createInspector(router, { clock, port, thread });
}

it('with thread, metrics and health are served beside the page with the same token, until the inspector closes', async () => {
  const inspector = await inspect(true);
  const [metricsUrl, healthUrl] = [inspector.metricsUrl ?? '', inspector.healthUrl ?? ''];
  expect(new URL(metricsUrl).port).not.toBe(new URL(inspector.url).port);
  expect(await (await fetch(metricsUrl)).text()).toContain('sluice_');
  expect(await (await fetch(healthUrl)).json()).toMatchObject({ ready: true });
  expect((await fetch(metricsUrl.replace(/token=.*/, 'token=wrong'))).status).toBe(401);
  await inspector.close();
  await expect(fetch(metricsUrl)).rejects.toThrow('fetch failed');
});

it('host, port, paths, token, labels and buckets of the thread are the choice of the host', async () => {
  const probe = await inspect(true);
  const port = Number(new URL(probe.metricsUrl ?? '').port);
  await probe.close();
  await using inspector = await inspect({
    ...{ host: '0.0.0.0', port, metricsPath: '/internal/metrics', healthPath: '/healthz', token: false },
    ...{ labels: { router: 'eu' }, buckets: [0.3] },
  });
  expect([inspector.metricsUrl, inspector.healthUrl]).toEqual([
    `http://0.0.0.0:${port}/internal/metrics`,
    `http://0.0.0.0:${port}/healthz`,
  ]);
  // A probe asks by the address of the pod.
  const { status, body } = await ask(`http://127.0.0.1:${port}/`, {
    path: '/healthz',
    headers: { Host: `10.0.0.7:${port}` },
  });
  expect([status, JSON.parse(body).ready]).toEqual([200, true]);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/internal/metrics`)).text();
  expect(metrics).toContain('sluice_messages_received_total{router="eu",channel="tick"} 0');
  const limits = [...metrics.matchAll(/processing_seconds_bucket.*le="(.*)"/g)].map(([, le]) => le);
  expect(limits).toEqual(['0.3', '+Inf']);
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(404);
});

it.each([
  [{ hosts: '0.0.0.0' }, /thread: unknown option 'hosts'; did you mean 'host'/],
  [{ host: '' }, /thread: host must be an address/],
  [{ port: 70_000 }, /thread: port must be a whole number from 0 to 65535, got 70000/],
  [{ healthPath: 'healthz' }, /thread: a path must begin with \//],
  [{ healthPath: '/metrics' }, /must differ/],
  [{ token: '' }, /thread: token must be a string or false/],
  [{ buckets: [2, 1] }, /thread: buckets must rise, got 1 after 2/],
  [{ labels: { channel: 'x' } }, /thread: the label "channel" is one of sluice's own/],
])('a mistake in the options of the thread is told (%#)', async (thread, text) => {
  await expect(inspect(thread)).rejects.toThrow(text);
});

it('when its thread cannot be started, it says so, and its own port is free again', async () => {
  const probe = await inspect();
  const port = Number(new URL(probe.url).port);
  await probe.close();
  code = new URL('nowhere.mjs', pathToFileURL(worker.path));
  await expect(inspect(true, port)).rejects.toThrow(
    /the metrics thread cannot listen on 127\.0\.0\.1:0: Cannot find module/,
  );
  await using again = await inspect(false, port);
  expect(new URL(again.url).port).toBe(String(port));
});

it('without thread there is none', async () => {
  await using inspector = await inspect();
  expect([inspector.metricsUrl, inspector.healthUrl]).toEqual([null, null]);
});
