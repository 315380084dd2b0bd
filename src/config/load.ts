import { readFile, stat } from 'node:fs/promises';
import { errorText } from '../core/error-text.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { isMap } from './field.ts';
import { mergeLayers, namedLayer, type Source } from './layers.ts';
import { ConfigError } from './mistakes.ts';
import { checkOptions, type OptionNames } from './options.ts';
import { resolve } from './parse.ts';
import type { RouterConfig, RouterConfigInput } from './schema.ts';
import { valueAt } from './walk.ts';
import { readText, unreadable } from './yaml-source.ts';

const bytesMax = 262_144;

/** What is laid over a configuration file. */
export interface LoadOptions {
  /** Where `SLUICE_…` variables are looked up. Default: the environment of the process. */
  readonly environment?: Environment;
  /** Values from code, which win over everything else. Default: none. */
  readonly overrides?: RouterConfigInput;
}

/** The names of these options. */
export const loadOptions: OptionNames<LoadOptions> = { environment: true, overrides: true };

/**
 * Loads a configuration from a YAML or JSON file: code wins over the environment, the environment over the file, the
 * file over the defaults of the data type. Throws a `ConfigError` that holds every mistake.
 */
export async function loadConfig(file: string, options: LoadOptions = {}): Promise<RouterConfig> {
  checkOptions('loadConfig', options, loadOptions);
  return resolve(await readConfig(file, options));
}

/** The same options, whatever code does later to its overrides. */
export function ownOptions(options: LoadOptions): LoadOptions {
  if (options.overrides === undefined) return options;
  // A copy of the same fields.
  return { ...options, overrides: namedLayer(options.overrides, 'overrides').value as RouterConfigInput };
}

/** What a file, the environment and code say, before it is checked. Throws `ConfigError` for text that cannot be read. */
export async function readConfig(file: string, options: LoadOptions = {}): Promise<Source> {
  const { environment = process.env, overrides } = options;
  // Read before anything is waited for.
  const code = overrides === undefined ? [] : [namedLayer(overrides, 'overrides')];
  const text = await readConfigFile(file);
  const channels = valueAt(mergeLayers([...text.layers, ...code]), ['channels']);
  const variables = readEnvironment(environment, isMap(channels) ? Object.keys(channels) : []);
  return {
    layers: [...text.layers, ...variables.layers, ...code],
    mistakes: [...text.mistakes, ...variables.mistakes],
  };
}

/** Throws `ConfigError` for what cannot be the name of a configuration file. */
export function checkFileName(file: string): void {
  if (typeof file !== 'string' || !/\.(ya?ml|json)$/i.test(file))
    throw unreadable(String(file), 'must be a .yaml, .yml or .json file');
}

async function readConfigFile(file: string): Promise<Source> {
  checkFileName(file);
  try {
    const found = await stat(file);
    if (!found.isFile()) throw unreadable(file, 'must be a file', found.isDirectory() ? 'a directory' : 'a device');
    if (found.size > bytesMax) throw unreadable(file, `must be at most ${bytesMax} bytes`, `${found.size}`);
    return readText(file, new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file)));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const isNoText = (error as { code?: unknown } | null)?.code === 'ERR_ENCODING_INVALID_ENCODED_DATA';
    throw unreadable(file, isNoText ? 'must be text in UTF-8' : errorText(error));
  }
}
