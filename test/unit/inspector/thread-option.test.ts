import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { buildPage } from '../../../config/build-page.ts';
import type * as Inspector from '../../../src/inspector/index.ts';
import type * as Thread from '../../../src/inspector/thread.ts';
import type * as Testing from '../../../src/testing/index.ts';
import { bundleThreadWorker } from '../../support/bundled-worker.ts';
import { projectRoot } from '../../support/project-files.ts';

let worker: ReturnType<typeof bundleThreadWorker>;
let code: URL;
let createInspector: typeof Inspector.createInspector;
let createTestRouter: typeof Testing.createTestRouter;

beforeAll(async () => {
  worker = bundleThreadWorker();
  code = worker.code;
  // A worker cannot load sources; it gets the same code in one file.
  vi.doMock('../../../src/inspector/thread.ts', async (original) => {
    const { startMetricsThread } = await original<typeof Thread>();
    const start: typeof startMetricsThread = (router, options) => startMetricsThread(router, options, code);
    return { startMetricsThread: start };
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

it('with thread, metrics and health are served beside the page with the same token, until the inspector closes', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const inspector = await createInspector(rig.router, { clock: rig.clock, thread: true });
  const [metricsUrl, healthUrl] = [inspector.metricsUrl ?? '', inspector.healthUrl ?? ''];
  expect(new URL(metricsUrl).port).not.toBe(new URL(inspector.url).port);
  expect(await (await fetch(metricsUrl)).text()).toContain('sluice_');
  expect(await (await fetch(healthUrl)).json()).toMatchObject({ ready: true });
  expect((await fetch(metricsUrl.replace(/token=.*/, 'token=wrong'))).status).toBe(401);
  await inspector.close();
  await expect(fetch(metricsUrl)).rejects.toThrow('fetch failed');
});

it('when its thread cannot be started, it says so, and its own port is free again', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const probe = await createInspector(rig.router, { clock: rig.clock });
  const port = Number(new URL(probe.url).port);
  await probe.close();
  code = new URL('nowhere.mjs', worker.code);
  await expect(createInspector(rig.router, { clock: rig.clock, port, thread: true })).rejects.toThrow(
    /the metrics thread cannot listen on 127\.0\.0\.1:0: Cannot find module/,
  );
  await using again = await createInspector(rig.router, { clock: rig.clock, port });
  expect(new URL(again.url).port).toBe(String(port));
});

it('without thread there is none', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  await using inspector = await createInspector(rig.router, { clock: rig.clock });
  expect([inspector.metricsUrl, inspector.healthUrl]).toEqual([null, null]);
});
