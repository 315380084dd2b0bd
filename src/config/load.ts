import { readFile, stat } from 'node:fs/promises';
import * as yaml from 'yaml';
import { errorText } from '../core/error-text.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { isMap } from './field.ts';
import { type Layer, mergeLayers, namedLayer, type Source } from './layers.ts';
import { ConfigError, type ConfigMistake } from './mistakes.ts';
import { checkOptions, type OptionNames } from './options.ts';
import { resolveLayers } from './parse.ts';
import type { RouterConfig, RouterConfigInput } from './schema.ts';
import { valueAt } from './walk.ts';

const bytesMax = 262_144;
// The parser recurses, and a file nested thousands of levels deep could end the process.
const depthMax = 50;

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
  const code = overrides === undefined ? [] : [namedLayer(overrides, 'overrides')];
  const channels = valueAt(mergeLayers([...text.layers, ...code]), ['channels']);
  const variables = readEnvironment(environment, isMap(channels) ? Object.keys(channels) : []);
  return resolveLayers([...text.layers, ...variables.layers, ...code], [...text.mistakes, ...variables.mistakes]);
}

async function readConfigFile(file: string): Promise<Source> {
  if (!/\.(ya?ml|json)$/i.test(file)) throw unreadable(file, 'must be a .yaml, .yml or .json file');
  try {
    const found = await stat(file);
    if (!found.isFile()) throw unreadable(file, 'must be a file', found.isDirectory() ? 'a directory' : 'a device');
    if (found.size > bytesMax) throw unreadable(file, `must be at most ${bytesMax} bytes`, `${found.size}`);
    return sourceOf(file, new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file)));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw unreadable(file, error instanceof TypeError ? 'must be text in UTF-8' : errorText(error));
  }
}

function unreadable(file: string, message: string, received?: string): ConfigError {
  return new ConfigError([{ file, path: [], message, received }]);
}

function sourceOf(file: string, text: string): Source {
  if (isTooDeep(text)) throw unreadable(file, `must not be nested deeper than ${depthMax} levels`);
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const placeAt = (offset: number) => ({ file, line: lines.linePos(offset).line, column: lines.linePos(offset).col });
  // A warning, such as an unknown tag, means that a value is not what its author thinks.
  const broken = [...document.errors, ...document.warnings].map(({ pos, message }) => {
    return { ...placeAt(pos[0]), path: [], message };
  });
  if (broken.length > 0) throw new ConfigError(broken);
  if (document.contents === null) throw unreadable(file, 'must be a map with router and channels', 'an empty file');

  const place: Layer['place'] = (path, at) => {
    let found: Entry = { key: document.contents, value: document.contents };
    for (const name of path) {
      const entry = entryOf(found.value, name);
      if (entry === undefined) break;
      found = entry;
    }
    return placeAt(at === 'value' && yaml.isNode(found.value) ? startOf(found.value) : startOf(found.key));
  };
  const mistakes: ConfigMistake[] = [];
  yaml.visit(document, {
    Map(_, { items }, above) {
      const path = above.filter(yaml.isPair).map(({ key }) => keyText(key));
      const seen = new Set<string>();
      for (const { key } of items) {
        const name = keyText(key);
        if (seen.has(name))
          mistakes.push({ ...placeAt(startOf(key)), path: [...path, name], message: 'is written twice' });
        seen.add(name);
      }
    },
  });
  return { layers: [{ value: document.toJS(), place }], mistakes };
}

function isTooDeep(text: string): boolean {
  const parser = new yaml.Parser();
  for (const lexeme of new yaml.Lexer().lex(text)) {
    for (const _token of parser.next(lexeme));
    if (parser.stack.length > depthMax) return true;
  }
  return false;
}

interface Entry {
  readonly key: unknown;
  readonly value: unknown;
}

/** What stands under a name in a map or a list; of a key that is written twice the last, as in the value. */
function entryOf(node: unknown, name: string): Entry | undefined {
  if (yaml.isMap(node)) return node.items.findLast(({ key }) => keyText(key) === name);
  const item = yaml.isSeq(node) ? node.items[Number(name)] : undefined;
  return item === undefined ? undefined : { key: item, value: item };
}

function keyText(key: unknown): string {
  return yaml.isScalar(key) ? String(key.value ?? '') : String(key);
}

function startOf(node: unknown): number {
  return yaml.isNode(node) ? (node.range?.[0] ?? 0) : 0;
}
