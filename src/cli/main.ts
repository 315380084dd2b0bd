#!/usr/bin/env node
import { run } from './program.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe, such as `head`, has closed it, which is not an error.
  if (error.code === 'EPIPE') return;
  process.stderr.write(`sluice: cannot write the output: ${error.message}\n`);
  process.exitCode = 1;
});

// Nobody is left to be told, and the report on standard output still counts.
process.stderr.on('error', () => {});

let isOver = false;
process.on('exit', (code) => {
  // Node sets its own code, 13, before or after this.
  if (!isOver && (code === 0 || code === 13))
    process.stderr.write('sluice: a module waits for a promise that never settles\n');
});

const { stdin, stdout, stderr, env } = process;
const exitCode = await run(process.argv.slice(2), {
  stdin,
  stdout,
  stderr,
  env,
  signals: process,
  exit: (code) => process.exit(code),
});
isOver = true;
// The process ends by itself once its output is written; to exit now could cut the output off.
process.exitCode ||= exitCode;
