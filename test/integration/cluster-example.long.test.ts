import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import type { WorkersView } from '../../src/inspector/workers-view.ts';
import { NatsServer, whyWithoutNats } from '../support/nats-server.ts';
import { projectRoot } from '../support/project-files.ts';

const missing = whyWithoutNats();
const children: ChildProcess[] = [];
let broker: NatsServer | undefined;
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await broker?.end();
});

function run(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, {
    cwd: `${projectRoot}docs/examples/cluster`,
    env: { ...process.env, NATS: `127.0.0.1:${broker?.port}` },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  children.push(child);
  return child;
}

it.skipIf(missing)(
  'the example of the guide runs: a feed, two workers, one page with all partitions owned',
  async () => {
    broker = await NatsServer.start();
    const feed = run('feed.js');
    const workers = run(`${projectRoot}dist/src/cli/main.js`, 'workers', '2', 'worker.js', '--port', '0');
    if (workers.stderr === null) throw new Error('the workers have no output');
    let url = '';
    for await (const line of createInterface({ input: workers.stderr })) {
      url = /^metrics and health: (http:\S+)\/metrics/.exec(line)?.[1] ?? url;
      if (url !== '') break;
    }
    const look = async (): Promise<WorkersView> => (await fetch(`${url}/state.json`)).json() as Promise<WorkersView>;
    const isShared = ({ clusters, totals }: WorkersView): boolean =>
      clusters.ticks?.partitions.every(({ owner }) => owner !== null) === true &&
      new Set(clusters.ticks.partitions.map(({ owner }) => owner)).size === 2 &&
      totals.every(({ delivered }) => delivered > 0);
    let view = await look();
    while (!isShared(view)) view = await look();
    expect(view.clusters.ticks?.partitions).toHaveLength(16);
    feed.kill('SIGTERM');
    workers.kill('SIGTERM');
    expect(await Promise.all([feed, workers].map((child) => once(child, 'exit')))).toEqual([
      [0, null],
      [0, null],
    ]);
  },
  60_000,
);
