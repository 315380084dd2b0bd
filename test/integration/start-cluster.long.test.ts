import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { whyWithoutNats } from '../support/nats-server.ts';
import { projectRoot } from '../support/project-files.ts';

const missing = whyWithoutNats();

it.skipIf(missing)('npm run start:cluster delivers everything although a worker is killed', () => {
  const { status, stdout } = spawnSync(
    'npm',
    ['run', '-s', 'start:cluster', '--', '--seconds', '15', '--rate', '500'],
    {
      cwd: projectRoot,
      encoding: 'utf8',
    },
  );
  expect(stdout).toMatch(/kills {9}1\nmistakes {6}0 /);
  expect(status).toBe(0);
});
