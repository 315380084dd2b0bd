import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bundled } from '../support/bundled.ts';
import { projectRoot, textOf } from '../support/project-files.ts';

/** The scripts that bundle programs of the tests, and the program that each of them runs. */
const programs = Object.entries<string>(JSON.parse(textOf('package.json')).scripts).flatMap(([name, script]) =>
  [...script.matchAll(/esbuild (test\/\S+)/g)].map(([, program = '']) => [name, program] as const),
);
const wrong: Readonly<Record<string, readonly string[]>> = {
  'start:cluster': ['--broker=kafka', '--rate=abc', '--seconds=-1'],
  campaign: ['--broker=kafka', '--minutes=0', '--seed=x', '--rate=0'],
  'measure:cluster': ['speed'],
  kills: ['--n=0', '--seed=-1'],
  simulate: ['--bursts=old', '--seeds=0'],
  mutate: ['--only=lane', '--mutant=nothing', '--jobs=0'],
  bench: ['--only=W1,W9', '--rounds=0', '--against=none'],
};

describe.each(programs)('npm run %s', (name, program) => {
  const bundle = bundled(program);
  const run = (arg: string) => spawnSync(process.execPath, [bundle.path, arg], { cwd: projectRoot, encoding: 'utf8' });

  it('tells its options and an example', () => {
    const stdout = expect.stringContaining(`\n  $ npm run ${name} -- `);
    expect(run('--help')).toMatchObject({ status: 0, stderr: '', stdout });
  });

  it.each(['--none', ...(wrong[name] ?? [])])('refuses %s, and says what is allowed', (argument) => {
    const line = /^error: .*([Aa]llowed|unknown option|There is no build|--list).*\n\(npm run .*\)\n$/;
    expect(run(argument)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(line) });
  });
});
