import * as yaml from 'yaml';
import { isMap } from './field.ts';
import type { Source } from './layers.ts';
import { ConfigError, type ConfigMistake } from './mistakes.ts';
import { configSchema, eventRulesSchema } from './schema.ts';
import { childOf, type Path, type Schema, section } from './walk.ts';
import { keyText, startOf, YamlNodes } from './yaml-nodes.ts';

// The parser recurses, and a file nested thousands of levels deep could end the process.
const depthMax = 50;
/** Thousands of channels may share an anchor, but a file of aliases of aliases could fill the memory. */
const valuesMax = 1_000_000;

/** What a YAML or JSON text says, with the line of each value. */
export function readText(file: string, text: string): Source {
  if (isTooDeep(text)) throw unreadable(file, `must not be nested deeper than ${depthMax} levels`);
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    merge: true,
  });
  const placeAt = (offset: number) => ({ file, line: lines.linePos(offset).line, column: lines.linePos(offset).col });
  const mistakeAt = (offset: number, message: string, path: Path = []): ConfigMistake => {
    return { ...placeAt(offset), path, message };
  };
  // A warning, such as an unknown tag, means that a value is not what its author thinks.
  const broken = [...document.errors, ...document.warnings].map(({ code, pos, message }) =>
    mistakeAt(pos[0], code === 'MULTIPLE_DOCS' ? 'another document begins here; a configuration is one' : message),
  );
  if (broken.length > 0) throw new ConfigError(broken);
  if (isEmpty(document.contents)) throw unreadable(file, 'must be a map with router and channels', 'an empty file');
  const nodes = new YamlNodes(document);
  const wrong = nodes.wrong.map(([node, message]) => mistakeAt(startOf(node), message));
  if (wrong.length > 0) throw new ConfigError(wrong);
  const mistakes = keysWrittenTwice(document).map(([key, path]) => mistakeAt(startOf(key), 'is written twice', path));
  const { value, size, depth } = nodes.filled();
  if (depth > depthMax) throw unreadable(file, `must not be nested deeper than ${depthMax} levels`);
  if (size > valuesMax)
    throw unreadable(file, `must not hold more than ${valuesMax} values with its aliases filled in`);
  return {
    layers: [
      { value: filledIn(configSchema, withoutNotes(value)), place: (path, at) => placeAt(nodes.startOf(path, at)) },
    ],
    mistakes,
  };
}

/** Nothing, or `---` with nothing behind it. */
function isEmpty(contents: unknown): boolean {
  return contents === null || (yaml.isScalar(contents) && contents.value === null);
}

/** An error of one mistake that has no line. */
export function unreadable(file: string, message: string, received?: string): ConfigError {
  return new ConfigError([{ file, path: [], message, received }]);
}

function isTooDeep(text: string): boolean {
  const parser = new yaml.Parser();
  for (const lexeme of new yaml.Lexer().lex(text)) {
    for (const _token of parser.next(lexeme));
    if (parser.stack.length > depthMax) return true;
  }
  return false;
}

function keysWrittenTwice(document: yaml.Document): readonly (readonly [key: unknown, path: Path])[] {
  const found: (readonly [unknown, Path])[] = [];
  yaml.visit(document, {
    Map(_, { items }, above) {
      const seen = new Set<string>();
      for (const { key } of items) {
        const name = keyText(key);
        if (seen.has(name)) found.push([key, [...above.filter(yaml.isPair).map((pair) => keyText(pair.key)), name]]);
        seen.add(name);
      }
    },
  });
  return found;
}

/** Without the keys `x-…` at the top, which hold anchors and notes of the author. */
function withoutNotes(value: unknown): unknown {
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('x-')));
}

/** A map with nothing under it is an empty one: `tick:` is a channel with the defaults. */
function filledIn(schema: Schema | undefined, value: unknown): unknown {
  const map = section(schema);
  if (value === null && (map !== undefined || schema === eventRulesSchema)) return {};
  if (map === undefined || !isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, filledIn(childOf(map, key), child)]));
}
