import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { runWorkers, type WorkersOptions } from '../../src/workers/index.ts';
import { type Bundle, bundle } from '../support/bundle.ts';

let program: Bundle;
beforeAll(() => {
  program = bundle('test/support/worker-module.ts');
});
afterAll(() => program.remove());

/** Workers, and what is told of them. */
async function run(options: Partial<WorkersOptions> = {}) {
  const texts: string[] = [];
  const waiting = new Set<() => void>();
  const workers = await runWorkers({
    module: program.path,
    workers: 2,
    restart: { delayMs: 0 },
    ...options,
    onEvent(text) {
      texts.push(text);
      for (const look of waiting) look();
    },
  });
  onTestFinished(async () => void (await workers.stop()));
  /** Resolves when so many of the texts match. */
  const heard = (pattern: RegExp, count = 1): Promise<readonly string[]> =>
    new Promise((resolve) => {
      const look = (): void => {
        const matching = texts.filter((text) => pattern.test(text));
        if (matching.length >= count) resolve(matching);
      };
      waiting.add(look);
      look();
    });
  return { workers, texts, heard };
}

async function fetchText(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return { status: response.status, text: await response.text() };
}

/** The sum of a metric, which has no label `worker`. */
function totalOf(metrics: string, name: string): number {
  const [, value] = new RegExp(`^${name}\\{channel="tick"[^}]*\\} (.*)$`, 'm').exec(metrics) ?? [];
  return Number(value);
}

/** The values of a metric, by worker. */
function valuesOf(metrics: string, name: string): Record<string, number> {
  const lines = metrics.split('\n').filter((line) => line.startsWith(`${name}{`));
  return Object.fromEntries(lines.map((line) => [/worker="(\d+)"/.exec(line)?.[1], Number(line.split(' ').at(-1))]));
}

describe('R8.3 workers', () => {
  it('serve the metrics and the health of all of them in one place', async () => {
    const { workers, heard } = await run({ serve: {}, buckets: [0.5] });
    await heard(/^worker \d runs as process \d+$/, 2);
    const url = `http://127.0.0.1:${workers.port}`;
    const { text: metrics } = await fetchText(`${url}/metrics`);
    expect(totalOf(metrics, 'sluice_messages_accepted_total')).toBe(80);
    expect(totalOf(metrics, 'sluice_mailbox_capacity')).toBe(2 * 1_000);
    expect(valuesOf(metrics, 'sluice_router_ready')).toEqual({ 0: 1, 1: 1 });
    expect(valuesOf(metrics, 'sluice_worker_up')).toEqual({ 0: 1, 1: 1 });
    expect(metrics.match(/# TYPE sluice_messages_accepted_total/g)).toHaveLength(1);
    expect(metrics.match(/(?<=^sluice_processing_seconds_bucket.*le=")[^"]+/gm)).toEqual(['0.5', '+Inf']);
    const { status, text: health } = await fetchText(`${url}/health`);
    expect([status, JSON.parse(health)]).toEqual([
      200,
      expect.objectContaining({ status: 'healthy', live: true, ready: true }),
    ]);
  });

  it('ask for the token that they were given', async () => {
    const { workers } = await run({ workers: 1, serve: { token: 'secret' } });
    const url = `http://127.0.0.1:${workers.port}/metrics`;
    expect((await fetchText(url)).status).toBe(401);
    expect((await fetchText(`${url}?token=secret`)).status).toBe(200);
  });

  it('are shown on a page, whose code everybody may have and whose values only those with the token', async () => {
    const { workers, heard } = await run({ serve: { token: 'secret' } });
    await heard(/runs as process/, 2);
    const url = `http://127.0.0.1:${workers.port}`;
    for (const path of ['', 'workers.js', 'page.css', 'icon.svg']) {
      const { status, text } = await fetchText(`${url}/${path}`);
      expect([path, status, text.length > 100]).toEqual([path, 200, true]);
    }
    expect((await fetchText(`${url}/state.json`)).status).toBe(401);
    const { text } = await fetchText(`${url}/state.json?token=secret`);
    expect(JSON.parse(text)).toMatchObject({
      health: { status: 'healthy', workers: [{ worker: 0 }, { worker: 1 }] },
      totals: [{ waiting: expect.any(Number) }, { delivered: expect.any(Number) }],
      clusters: {},
    });
  });

  it('drain at a stop: everything that was accepted is delivered', async () => {
    const { workers, heard } = await run();
    await heard(/runs as process/, 2);
    expect(await workers.stop()).toBe(true);
    await workers.ended;
    const metrics = await workers.metrics();
    expect(totalOf(metrics, 'sluice_messages_delivered_total')).toBe(80);
    expect(valuesOf(metrics, 'sluice_worker_up')).toEqual({ 0: 0, 1: 0 });
    expect(await workers.health()).toMatchObject({ live: false, ready: false });
  });

  it('one that is killed is started again, and the others do not notice', async () => {
    const { workers, heard } = await run();
    await heard(/runs as process/, 2);
    const before = (await workers.health()).workers;
    process.kill(before[1]?.pid ?? 0, 'SIGKILL');
    await heard(/^worker 1 runs/, 2);
    expect(await heard(/^worker 1 ended/)).toEqual(['worker 1 ended (killed by SIGKILL); it is started again in 0 ms']);
    const after = await workers.health();
    expect(after.workers[0]?.pid).toBe(before[0]?.pid);
    expect(after.workers[1]?.pid).not.toBe(before[1]?.pid);
    expect(after.workers[1]?.text).toMatch(
      /^worker 1: running since .* s; 1 restart, the last time: killed by SIGKILL$/,
    );
    const metrics = await workers.metrics();
    expect(valuesOf(metrics, 'sluice_worker_restarts_total')).toEqual({ 0: 0, 1: 1 });
    // The process that was killed took in 40, too.
    expect(totalOf(metrics, 'sluice_messages_accepted_total')).toBe(3 * 40);
    expect(after.ready).toBe(true);
  });

  it.each([
    ['fails', 'exit code 1: Error: the broker is not there'],
    ['ends', 'exit code 0, before it called runAsWorker'],
  ])('one that %s at once again and again is given up, and all are stopped', async (flaw, exit) => {
    const { workers, texts } = await run({ args: [flaw], restart: { limit: 2, delayMs: 0 } });
    const error: Error = await workers.ended.then(
      () => new Error('it ended well'),
      (cause) => cause,
    );
    expect(error.message).toMatch(
      /^worker \d of .*worker-module.mjs ended 3 times within 60000 ms, which is more than 2; /,
    );
    expect(error.message).toContain(`the last time: ${exit}`);
    expect(texts.filter((text) => text.includes('it is started again')).length).toBeGreaterThanOrEqual(2);
    expect(await workers.stop()).toBe(false);
  });

  it('one that does not end in time is killed', async () => {
    const { workers, texts, heard } = await run({ workers: 1, args: ['deaf'], stopMs: 300 });
    await heard(/runs as process/);
    expect(await workers.stop()).toBe(false);
    expect(texts.at(-1)).toBe('worker 0 has not ended within 300 ms, and is killed');
  });

  it('one that ends with another exit code did not end well', async () => {
    const { workers, heard } = await run({ workers: 1, args: ['late'] });
    await heard(/runs as process/);
    expect(await workers.stop()).toBe(false);
  });

  it('one whose main thread is stuck is told by the health of all', async () => {
    const { workers, heard } = await run({ workers: 1, args: ['stuck'], stopMs: 100 });
    await heard(/runs as process/);
    const health = await workers.health();
    expect([health.status, health.ready]).toEqual(['unhealthy', false]);
    expect(health.workers[0]?.text).toMatch(/^worker 0: running since .* s; it has not answered for 1\.\d s$/);
    expect(totalOf(await workers.metrics(), 'sluice_messages_accepted_total')).toBe(40);
  });

  it.each([
    [{ workers: 0 }, /workers must be a whole number from 1 to 256, got 0/],
    [{ module: '/nowhere.js' }, /module \/nowhere\.js does not exist/],
    [{ restart: { limit: -1 } }, /limit must be a number from 0, got -1/],
    [{ stopMs: Number.NaN }, /stopMs must be a number from 0, got NaN/],
    [{ restart: { limits: 1 } }, /runWorkers.restart: unknown option 'limits'; did you mean 'limit'/],
    [{ buckets: [1, 1] }, /runWorkers: buckets must rise, got 1 after 1/],
    [{ worker: 3 }, /runWorkers: unknown option 'worker'; did you mean 'workers'/],
    [{ serve: { host: '203.0.113.1' } }, /runWorkers cannot listen on 203\.0\.113\.1:0: /],
  ])('are not started with %j', async (options, message) => {
    await expect(runWorkers({ module: program.path, workers: 1, ...(options as object) })).rejects.toThrow(message);
  });
});
