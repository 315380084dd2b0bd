import { Command } from 'commander';
import { stringify } from 'yaml';
import { loadConfig } from '../config/load.ts';
import { ConfigError, formatMistake } from '../config/mistakes.ts';
import { parseConfig } from '../config/parse.ts';

/** `sluice config`: says what is wrong with a configuration, or what it comes to. */
export function configCommand(): Command {
  const command = new Command('config').description('Check a configuration file, or print what it comes to.');
  command
    .command('check')
    .description('Report every mistake of a file and of the SLUICE_ variables.')
    .argument('<file>', 'a .yaml, .yml or .json file')
    .action((file: string, _options, self: Command) => report(self, () => check(file)));
  command
    .command('print')
    .description('Print a configuration with every field filled in.')
    .argument('[file]', 'a .yaml, .yml or .json file (default: the three data types with their defaults)')
    .option('--json', 'print JSON instead of YAML')
    .action((file: string | undefined, { json = false }: { json?: boolean }, self: Command) =>
      report(self, () => print(file, json)),
    );
  return command;
}

async function check(file: string): Promise<string> {
  const names = Object.keys((await loadConfig(file)).channels);
  return `${file}: ok, ${names.length} ${names.length === 1 ? 'channel' : 'channels'}: ${names.join(', ')}`;
}

async function print(file: string | undefined, json: boolean): Promise<string> {
  const config =
    file === undefined ? parseConfig({ channels: { tick: {}, ohlcv: {}, fmv: {} } }) : await loadConfig(file);
  return json ? JSON.stringify(config, null, 2) : stringify(config).trimEnd();
}

async function report(command: Command, answer: () => Promise<string>): Promise<void> {
  const { writeOut, writeErr } = command.configureOutput();
  try {
    writeOut?.(`${await answer()}\n`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    writeErr?.(`${error.mistakes.map(formatMistake).join('\n')}\n`);
    process.exitCode = 1;
  }
}
