import { Command } from 'commander';
import { Document, isMap, isScalar } from 'yaml';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/mistakes.ts';
import { parseConfig } from '../config/parse.ts';
import { channelSchema, dataTypeDefaults, type RouterConfig } from '../config/schema.ts';

/** `sluice config`: reports the mistakes of a configuration, or prints it with every field. */
export function configCommand(): Command {
  const command = new Command('config').description(
    'Check a configuration file, or print it with every field filled in.',
  );
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
  return json ? JSON.stringify(config, null, 2) : asYaml(config);
}

/** A comment explains the defaults of each channel whose data type has none of its own. */
function asYaml(config: RouterConfig): string {
  const document = new Document(config);
  const channels = document.get('channels');
  for (const { key } of isMap(channels) ? channels.items : []) {
    const dataType = isScalar(key) ? config.channels[String(key.value)]?.dataType : undefined;
    if (isScalar(key) && dataType !== undefined && !Object.hasOwn(dataTypeDefaults, dataType))
      key.commentBefore = noteOn(dataType);
  }
  return document.toString().trimEnd();
}

function noteOn(dataType: string): string {
  const shipped = Object.keys(dataTypeDefaults).join(', ');
  const { priority, batchSize, timeoutMs } = channelSchema.parse({});
  return [
    ` sluice has defaults for the data types ${shipped}, but not for '${dataType}'. Fields that are not set for this`,
    ` channel get the general defaults: priority ${priority}, batchSize ${batchSize}, timeoutMs ${timeoutMs}.`,
  ].join('\n');
}

async function report(command: Command, answer: () => Promise<string>): Promise<void> {
  const { writeOut, writeErr } = command.configureOutput();
  try {
    writeOut?.(`${await answer()}\n`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    writeErr?.(`${error.lines.join('\n')}\n`);
    process.exitCode = 1;
  }
}
