import { readFile, stat } from 'node:fs/promises';
import { isAlias, isMap, isNode, isScalar, isSeq, Lexer, LineCounter, Parser, parseDocument } from 'yaml';
import { errorText } from '../core/error-text.ts';
import type { Layer } from './layers.ts';
import { ConfigError, type ConfigMistake } from './mistakes.ts';
import type { Path } from './walk.ts';

const bytesMax = 262_144;
// The parser recurses, and text nested by the thousand can take the process down with it.
const depthMax = 50;

/** A file's text as a layer, with the mistakes that leave its values readable. */
interface ConfigText {
  readonly layer: Layer;
  readonly mistakes: readonly ConfigMistake[];
}

/** Reads a configuration file; throws when it is no text that can be read as YAML or JSON. */
export async function readConfigFile(file: string): Promise<ConfigText> {
  return readConfigText(file, await readText(file));
}

async function readText(file: string): Promise<string> {
  if (!/\.(ya?ml|json)$/i.test(file)) throw unreadable(file, 'must be a .yaml, .yml or .json file');
  try {
    const found = await stat(file);
    if (!found.isFile()) throw unreadable(file, 'must be a file', found.isDirectory() ? 'a directory' : 'a device');
    if (found.size > bytesMax) throw unreadable(file, `must be at most ${bytesMax} bytes`, `${found.size}`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (error instanceof TypeError) throw unreadable(file, 'must be text in UTF-8');
    throw unreadable(file, errorText(error));
  }
}

function unreadable(file: string, message: string, received?: string): ConfigError {
  return new ConfigError([{ file, path: [], message, ...(received === undefined ? {} : { received }) }]);
}

function readConfigText(file: string, text: string): ConfigText {
  if (isTooDeep(text)) throw unreadable(file, `must not be nested deeper than ${depthMax} levels`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const placeAt = (offset: number) => ({ file, line: lines.linePos(offset).line, column: lines.linePos(offset).col });
  // A warning, such as an unknown tag, means that a value is not what its author thinks.
  const broken = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    ...placeAt(pos[0]),
    path: [],
    message,
  }));
  if (broken.length > 0) throw new ConfigError(broken);
  if (document.contents === null) throw unreadable(file, 'must be a map with router and channels', 'an empty file');

  const entries = entriesOf(document.contents, []);
  const byPath = new Map(entries.map((entry) => [JSON.stringify(entry.path), entry]));
  const place: Layer['place'] = (path, at) => {
    const entry = path.length === 0 ? undefined : byPath.get(JSON.stringify(path));
    if (entry !== undefined) return placeAt(at === 'key' ? entry.keyOffset : entry.valueOffset);
    return path.length === 0 ? placeAt(offsetOf(document.contents, 0)) : place(path.slice(0, -1), at);
  };
  const repeated = entries.filter((entry) => entry.isRepeated);
  const mistakes = repeated.map(({ path, keyOffset }) => ({
    ...placeAt(keyOffset),
    path,
    message: 'is written twice',
  }));
  try {
    return { layer: { value: document.toJS(), place }, mistakes };
  } catch (error) {
    throw unreadable(file, errorText(error));
  }
}

function isTooDeep(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _token of parser.next(lexeme));
    if (parser.stack.length > depthMax) return true;
  }
  return false;
}

interface Entry {
  readonly path: Path;
  readonly keyOffset: number;
  readonly valueOffset: number;
  readonly isRepeated: boolean;
}

// Aliases are not followed: what they repeat was written once, and following them is how a small file becomes a large one.
function entriesOf(node: unknown, above: Path): readonly Entry[] {
  const items = isMap(node)
    ? node.items.map(({ key, value }) => ({ name: keyText(key), key, value }))
    : isSeq(node)
      ? node.items.map((value, index) => ({ name: String(index), key: value, value }))
      : [];
  const seen = new Set<string>();
  return items.flatMap(({ name, key, value }) => {
    const path = [...above, name];
    const keyOffset = offsetOf(key, 0);
    const isRepeated = seen.has(name);
    seen.add(name);
    return [{ path, keyOffset, valueOffset: offsetOf(value, keyOffset), isRepeated }, ...entriesOf(value, path)];
  });
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value ?? '') : String(key);
}

function offsetOf(node: unknown, otherwise: number): number {
  return isNode(node) && !isAlias(node) ? (node.range?.[0] ?? otherwise) : otherwise;
}
