import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { whyWithoutNats } from '../support/nats-server.ts';
import { projectRoot } from '../support/project-files.ts';

const missing = whyWithoutNats();

it.skipIf(missing)('npm run start:cluster delivers everything although a worker is killed', () => {
  const args = ['run', '-s', 'start:cluster', '--', '--seconds', '15', '--rate', '500'];
  const { status, stdout } = spawnSync('npm', args, { cwd: projectRoot, encoding: 'utf8' });
  expect(stdout).toMatch(/kills {9}1\nmistakes {6}0 /);
  expect(status).toBe(0);
});
