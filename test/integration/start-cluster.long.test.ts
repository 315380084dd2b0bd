import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { until } from '../support/broker-rigs.ts';
import { whyWithoutNats } from '../support/nats-server.ts';
import { projectRoot } from '../support/project-files.ts';

const missing = whyWithoutNats();

it.skipIf(missing)('npm run start:cluster delivers everything although a worker is killed', () => {
  const args = ['run', '-s', 'start:cluster', '--', '--seconds', '15', '--rate', '500'];
  const { status, stdout } = spawnSync('npm', args, { cwd: projectRoot, encoding: 'utf8' });
  expect(stdout).toMatch(/kills {9}1\nmistakes {6}0 /);
  expect(status).toBe(0);
});

it.skipIf(missing)('npm run start:cluster that is killed takes its broker with it', async () => {
  const child = spawn(process.execPath, ['dist/cluster/main.js'], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [said] = await once(child.stdout, 'data');
  const port = Number(/^nats on port (\d+)/.exec(String(said))?.[1]);
  const isThere = (): Promise<boolean> => {
    const told = once(connect(port, '127.0.0.1'), 'data');
    return told.then(Boolean, () => false);
  };
  expect(await isThere()).toBe(true);
  child.kill('SIGKILL');
  await until(async () => !(await isThere()));
});
