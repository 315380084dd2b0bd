import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { buildPage } from '../../../config/build-page.ts';
import { createInspector } from '../../../src/inspector/index.ts';
import type * as Thread from '../../../src/inspector/thread.ts';
import { bundleThreadWorker } from '../../support/bundled-worker.ts';
import { projectRoot } from '../../support/project-files.ts';
import { createRig } from '../../support/router-rig.ts';

let worker: ReturnType<typeof bundleThreadWorker>;
// A worker cannot load sources; it gets the same code in one file.
vi.mock('../../../src/inspector/thread.ts', async (original) => {
  const { startMetricsThread } = await original<typeof Thread>();
  const start: typeof startMetricsThread = (router, options) => startMetricsThread(router, options, worker.code);
  return { startMetricsThread: start };
});

beforeAll(async () => {
  worker = bundleThreadWorker();
  await buildPage(projectRoot);
});
afterAll(() => worker.remove());

it('with thread, metrics and health are served beside the page with the same token, until the inspector closes', async () => {
  const rig = await createRig();
  const inspector = await createInspector(rig.router, { clock: rig.clock, thread: true });
  const [metricsUrl, healthUrl] = [inspector.metricsUrl ?? '', inspector.healthUrl ?? ''];
  expect(new URL(metricsUrl).port).not.toBe(new URL(inspector.url).port);
  expect(await (await fetch(metricsUrl)).text()).toContain('sluice_');
  expect(await (await fetch(healthUrl)).json()).toMatchObject({ ready: true });
  expect((await fetch(metricsUrl.replace(/token=.*/, 'token=wrong'))).status).toBe(401);
  await inspector.close();
  await expect(fetch(metricsUrl)).rejects.toThrow('fetch failed');
});

it('without thread there is none', async () => {
  const rig = await createRig();
  await using inspector = await createInspector(rig.router, { clock: rig.clock });
  expect([inspector.metricsUrl, inspector.healthUrl]).toEqual([null, null]);
});
