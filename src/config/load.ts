import { readConfigFile } from './config-file.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { isMap } from './field.ts';
import { codeLayer, mergeLayers } from './layers.ts';
import { checkOptions, type OptionNames } from './options.ts';
import { resolveLayers } from './parse.ts';
import type { RouterConfig, RouterConfigInput } from './schema.ts';
import { valueAt } from './walk.ts';

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
  const { environment = process.env, overrides } = options;
  const text = await readConfigFile(file);
  const code = overrides === undefined ? [] : [codeLayer(overrides, 'overrides')];
  const channels = valueAt(mergeLayers([text.layer, ...code]), ['channels']);
  const variables = readEnvironment(environment, isMap(channels) ? Object.keys(channels) : []);
  return resolveLayers([text.layer, variables.layer, ...code], [...text.mistakes, ...variables.mistakes]);
}
