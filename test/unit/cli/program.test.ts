import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { configCommand } from '../../../src/cli/config-command.ts';
import { textOf } from '../../support/project-files.ts';
import { runCommand, runCommandOn } from '../../support/run-command.ts';
import { writeConfig } from '../config/config-files.ts';

afterEach(() => {
  process.exitCode = undefined;
});

describe('the command line', () => {
  it('that asks for help or for the version is answered on standard output and has succeeded', async () => {
    const { version } = JSON.parse(textOf('package.json'));
    expect(await runCommand('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await runCommand('--help');
    expect([help.code, help.stderr]).toEqual([0, '']);
    for (const command of ['replay', 'config', 'chart']) expect(help.stdout).toContain(command);
  });

  it('that names no command is told how, on standard error, as wrong usage', async () => {
    const { code, stdout, stderr } = await runCommand();
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: sluice');
  });

  it('that cannot be done is told in one line without a stack, and has failed', async () => {
    const { code, stdout, stderr } = await runCommand('replay', '-', '--config', 'missing.yaml');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^sluice: .*mistake in the configuration:\nmissing\.yaml.*no such file.*\n$/s);
    expect(stderr).not.toContain(' at ');
  });
});

describe('replay', () => {
  it('tells of one unroutable message in the singular', async () => {
    const { code, stderr } = await runCommandOn(Readable.from(['{"ev":"Q"}\n']), ['replay', '-']);
    expect([code, stderr]).toEqual([0, '1 message is unroutable: no channel takes that type\n']);
  });

  it('without a file takes its messages from the generated market', async () => {
    const { code, stdout } = await runCommand('replay', '--limit', '1', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ received: 1, conserved: true })]);
  });
});

describe('config check', () => {
  it('speaks of one channel in the singular', async () => {
    const file = await writeConfig('channels: { bars: { dataType: ohlcv } }');
    expect(await runCommand('config', 'check', file)).toEqual({
      code: 0,
      stdout: `${file}: ok, 1 channel: bars\n`,
      stderr: '',
    });
  });

  it('leaves an error that is no mistake of the configuration to its caller', async () => {
    const command = configCommand();
    for (const each of [command, ...command.commands])
      each.configureOutput({
        writeOut: () => {
          throw new Error('the pipe is gone');
        },
      });
    await expect(command.parseAsync(['print'], { from: 'user' })).rejects.toThrow('the pipe is gone');
    expect(process.exitCode).toBeUndefined();
  });
});
