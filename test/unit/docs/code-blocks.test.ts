import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { configCommand } from '../../../src/cli/config-command.ts';
import { journalCommand } from '../../../src/cli/journal-command.ts';
import { chartCommand } from '../../../src/cli/program.ts';
import { replayCommand } from '../../../src/cli/replay.ts';
import { recordCommand, streamCommand } from '../../../src/cli/stream.ts';
import { workersCommand } from '../../../src/cli/workers-command.ts';
import { filesIn, projectRoot, textOf } from '../../support/project-files.ts';

const pages = ['README.md', 'CONTRIBUTING.md', ...filesIn('docs', '.md')];
/** Fragments, whose whole the compiler checks: the channels of `src/cli/example-channels.ts`. */
const fragments = ['docs/examples/README.md'];

interface Block {
  readonly page: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** The fenced blocks of a page in one of these languages. */
function blocksIn(page: string, text: string, languages: readonly string[]): readonly Block[] {
  const fences = text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...fences].flatMap(({ 1: language = '', 2: code = '', index }) =>
    languages.includes(language) ? [{ page, line: text.slice(0, index).split('\n').length + 1, text: code }] : [],
  );
}

/** The arguments of each line that runs the command, from a checkout or installed; what a shell adds is cut off. */
function commandsIn({ page, line, text }: Block): readonly { readonly at: string; readonly args: readonly string[] }[] {
  return text.split('\n').flatMap((command, offset) => {
    const [, args] = /(?:npm run -s sluice --|^(?:npx )?sluice) ([^|>#&;]*)/.exec(command) ?? [];
    return args === undefined ? [] : [{ at: `${page}:${line + offset}`, args: args.trim().split(/\s+/) }];
  });
}

/** Parses as the command does, and runs nothing. */
function parse(args: readonly string[]): void {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = { stdin: Readable.from([]), stdout: silent, stderr: silent, env: {}, signals: process, exit() {} };
  const program = new Command('sluice');
  program
    .addCommand(replayCommand(terminal, () => {}))
    .addCommand(streamCommand(terminal, () => {}))
    .addCommand(recordCommand(terminal, () => {}))
    .addCommand(configCommand())
    .addCommand(chartCommand(terminal))
    .addCommand(journalCommand(terminal))
    .addCommand(workersCommand(terminal, () => {}));
  disarm(program);
  program.parse(args, { from: 'user' });
}

function disarm(command: Command): void {
  command.exitOverride().configureOutput({ writeOut() {}, writeErr() {} });
  if (command.commands.length === 0) command.action(() => {});
  for (const child of command.commands) disarm(child);
}

const programs = pages
  .filter((page) => !fragments.includes(page))
  .flatMap((page) => blocksIn(page, textOf(page), ['ts']));
const commands = pages.flatMap((page) => blocksIn(page, textOf(page), ['sh', 'bash'])).flatMap(commandsIn);
const directory = join(projectRoot, 'node_modules/.cache', `docs-${process.pid}`);
let errors = '';

/** Beside the packages, so that imports are found; the page and its line become the file's name. */
function fileOf({ page, line }: Block): string {
  return `${page.replaceAll('/', '-').replace(/\.md$/, '')}-${line}.mts`;
}

beforeAll(async () => {
  await mkdir(directory, { recursive: true });
  const options = {
    noUnusedLocals: false,
    typeRoots: [join(projectRoot, 'node_modules/@types')],
    paths: { sluice: [join(projectRoot, 'src/index.ts')], 'sluice/*': [join(projectRoot, 'src/*/index.ts')] },
  };
  const config = { extends: join(projectRoot, 'tsconfig.json'), compilerOptions: options, include: ['*.mts'] };
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config));
  for (const block of programs) await writeFile(join(directory, fileOf(block)), block.text);
  await writeFile(join(directory, 'planted-1.mts'), "import { createRouter } from 'sluice';\ncreateRouter({});\n");
  const tsc = join(projectRoot, 'node_modules/typescript/bin/tsc');
  const failure = await promisify(execFile)(process.execPath, [tsc, '--pretty', 'false', '-p', directory]).catch(
    (error) => error,
  );
  errors = failure.stdout;
}, 60_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

function errorsIn(file: string): readonly string[] {
  return errors.split('\n').filter((line) => line.includes(`${file}(`));
}

it('the compiler sees the blocks, and finds a planted mistake', () => {
  expect(errorsIn('planted-1.mts')).toEqual([expect.stringContaining("'channels' is missing")]);
});

it.each(programs.map((block) => [`${block.page}:${block.line}`, block] as const))('%s compiles', (_, block) => {
  expect(errorsIn(fileOf(block))).toEqual([]);
});

it('the program of the README prints what the README says', async () => {
  const [program] = blocksIn('README.md', textOf('README.md'), ['ts']);
  const [output] = blocksIn('README.md', textOf('README.md'), ['text']);
  const outfile = join(directory, 'readme.mjs');
  await build({
    stdin: { contents: program?.text ?? '', loader: 'ts', resolveDir: projectRoot },
    alias: { sluice: join(projectRoot, 'src/index.ts') },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outfile,
  });
  const { stdout } = await promisify(execFile)(process.execPath, [outfile]);
  const withoutTimes = (text: string | undefined) => text?.replace(/\d+ ms/, '… ms');
  expect(withoutTimes(stdout)).toBe(withoutTimes(output?.text));
});

it.each(commands)('$at is a command that exists', ({ args }) => {
  expect(() => parse(args)).not.toThrow();
});

it.each([[['replya']], [['replay', '--sped', '1x']], [['config', 'chek', 'a.yaml']], [['chart']], [['chart', 'x']]])(
  'no command: %s',
  (args) => {
    expect(() => parse(args)).toThrow();
  },
);
