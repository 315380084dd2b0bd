import { resolve as resolvePath } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { Document, isMap, isScalar } from 'yaml';
import type { ChannelSources } from '../channel/channel-source.ts';
import { loadConfig, readConfig } from '../config/load.ts';
import { ConfigError } from '../config/mistakes.ts';
import { parseConfig } from '../config/parse.ts';
import { channelSchema, dataTypeDefaults, type RouterConfig } from '../config/schema.ts';
import { errorText } from '../core/error-text.ts';
import { toPlain } from '../core/plain.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import { planRouter } from '../router/definitions.ts';

const WHOLE = { items: Number.POSITIVE_INFINITY, values: Number.POSITIVE_INFINITY };

/** `sluice config`: reports the mistakes of a configuration, or prints it with every field. */
export function configCommand(): Command {
  const command = new Command('config').description(
    'Check a configuration file, or print it with every field filled in.',
  );
  command
    .command('check')
    .description('Report every mistake of a file and of the SLUICE_ variables.')
    .argument('<file>', 'a .yaml, .yml or .json file')
    .option(
      '--channels <module>',
      'a JavaScript module that exports `channels`: checks names and eventRules by its classes',
    )
    .action((file: string, { channels }: { channels?: string }, self: Command) =>
      report(self, () => check(file, channels)),
    );
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

async function check(file: string, module: string | undefined): Promise<string> {
  const { channels } = module === undefined ? await loadConfig(file) : await checkWithModule(file, module);
  const names = Object.keys(channels);
  return `${file}: ok, ${names.length} ${names.length === 1 ? 'channel' : 'channels'}: ${names.join(', ')}`;
}

/** An error that a user's module throws is reported with the name of the module. */
async function checkWithModule(file: string, module: string): Promise<RouterConfig> {
  try {
    return await checkWithClasses(file, module);
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw invalidOption(`${module} cannot be used: ${errorText(error)}`);
  }
}

/** As `createRouter` checks it: every mistake of the file and of the classes at once. */
async function checkWithClasses(file: string, module: string): Promise<RouterConfig> {
  const exported: { channels?: unknown; default?: unknown } = await import(pathToFileURL(resolvePath(module)).href);
  const channels = exported.channels ?? exported.default;
  if (typeof channels !== 'object' || channels === null)
    throw invalidOption(`${module} must export channels: export const channels = { tick: Trades }`);
  const { config, instances } = planRouter({ channels: channels as ChannelSources }, await readConfig(file));
  const broken = Object.keys(channels).filter((name) => !instances.has(name));
  if (broken.length > 0)
    throw invalidOption(`${module}: no instance can be made of ${broken.join(', ')}: the constructor throws`);
  return config;
}

async function print(file: string | undefined, json: boolean): Promise<string> {
  const config =
    file === undefined ? parseConfig({ channels: { tick: {}, ohlcv: {}, fmv: {} } }) : await loadConfig(file);
  // A copy for people: what is named like a secret stays hidden. What was resolved has no functions.
  const shown = toPlain(config, [], WHOLE) as RouterConfig;
  return json ? JSON.stringify(shown, null, 2) : asYaml(shown);
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
