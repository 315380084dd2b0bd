import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { PostgresServer, whyWithoutPostgres } from '../support/postgres-server.ts';
import { projectRoot, textOf } from '../support/project-files.ts';

let directory = '';
let app = '';
let tarball = '';
const options = ['--no-audit', '--no-fund', '--prefer-offline'];

async function run(cwd: string, command: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(command, args, { cwd })).stdout;
}

/** The tarball of a fresh clone, with nothing built before it, installed beside nothing else. */
beforeAll(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'sluice-packed-')));
  const clone = join(directory, 'clone');
  app = join(directory, 'app');
  await mkdir(app);
  await run(directory, 'git', 'clone', '--quiet', projectRoot, clone);
  // What `npm ci` would bring, without its minute.
  await symlink(join(projectRoot, 'node_modules'), join(clone, 'node_modules'));
  const [packed] = JSON.parse(await run(clone, 'npm', 'pack', '--json', '--pack-destination', directory));
  await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', version: '1.0.0', type: 'module' }));
  tarball = join(directory, packed.filename);
  await run(app, 'npm', 'install', ...options, tarball);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it("R10.5 README's program runs with the package of a fresh clone, which npm has built while it packed", async () => {
  const [, program = ''] = /```ts\n([\s\S]*?)```/.exec(textOf('README.md')) ?? [];
  const { code } = await transform(program, { loader: 'ts', format: 'esm' });
  await writeFile(join(app, 'program.js'), code);
  const sentence = 'tick has been \\w+ for \\d+ ms \\([\\w ]+\\)\\.[^\\n]+ 0 waiting, 0 in flight\\.';
  expect(await run(app, process.execPath, 'program.js')).toMatch(
    new RegExp(`^tick BRK\\.A 612000\\n${sentence}\\n1 true\\n$`),
  );
});

it.each(['sluice/testing', 'sluice/inspector', 'sluice/metrics', 'sluice/machines'])(
  '%s can be imported',
  async (name) => {
    const script = `console.log(Object.keys(await import('${name}')).length > 0)`;
    expect(await run(app, process.execPath, '--input-type=module', '-e', script)).toBe('true\n');
  },
);

it('the example service is installed in a fresh folder, and passes its own test', async () => {
  const service = join(directory, 'service');
  await cp(join(projectRoot, 'docs/examples/service'), service, { recursive: true });
  await run(service, 'npm', 'install', ...options, tarball);
  // On a machine without PostgreSQL its second test is skipped.
  const server = whyWithoutPostgres() === undefined ? await PostgresServer.start() : undefined;
  onTestFinished(() => server?.end());
  vi.stubEnv('TEST_DATABASE_URL', server && `postgres://sluice@127.0.0.1:${server.port}/postgres`);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await run(service, 'npm', 'test')).toMatch(server === undefined ? /# pass 1\n# fail 0/ : /# pass 2\n# fail 0/);
});

it('the installed command runs', async () => {
  expect(await run(app, join(app, 'node_modules/.bin/sluice'), 'replay', '--help')).toContain('sluice replay');
});
