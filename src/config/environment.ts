import { isMap } from './field.ts';
import type { Layer } from './layers.ts';
import { type ConfigMistake, nearest } from './mistakes.ts';
import { channelSchema, configSchema } from './schema.ts';
import { type Field, fieldsOf, type Path } from './walk.ts';

/** Variables of a process, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says about the router and these channels, and the variables that say nothing. */
export function readEnvironment(
  environment: Environment,
  channels: readonly string[],
): { readonly layer: Layer; readonly mistakes: readonly ConfigMistake[] } {
  const fields = new Map(variablesOf(channels).map((field) => [variableName(field.path), field]));
  const mistakes: ConfigMistake[] = [];
  const given: { readonly name: string; readonly path: Path; readonly value: unknown }[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('SLUICE_') || text === undefined) continue;
    const field = fields.get(name);
    if (field === undefined) mistakes.push(unknownVariable(name, [...fields.keys()], channels));
    else given.push({ name, path: field.path, value: readValue(text, field) });
  }
  // Shorter paths first, so that one field of a breaker can be laid over a whole breaker.
  given.sort((left, right) => left.path.length - right.path.length);
  const value = given.reduce<unknown>((low, { path, value }) => withValue(low, path, value), {});
  const place: Layer['place'] = (path) => {
    const writer = given.findLast((variable) => startsWith(path, variable.path) || startsWith(variable.path, path));
    return { file: writer?.name ?? 'environment' };
  };
  return { layer: { value, place }, mistakes };
}

/** The variable that sets a field: `channels.tick.batchSize` is set by `SLUICE_TICK_BATCH_SIZE`. */
export function variableName(path: Path): string {
  const parts = path[0] === 'channels' ? path.slice(1) : path;
  const words = parts.map((part) => part.replaceAll('-', '_').replace(/[A-Z]/g, '_$&').toUpperCase());
  return ['SLUICE', ...words].join('_');
}

function variablesOf(channels: readonly string[]): readonly Field[] {
  const router = fieldsOf(configSchema).filter(({ path }) => path[0] === 'router' && path.length > 1);
  return [...router, ...channels.flatMap((name) => fieldsOf(channelSchema, ['channels', name]))];
}

// A field that takes any text takes it as it is; everything else is written as in JSON: 5, false, {"count":50}.
function readValue(text: string, { schema }: Field): unknown {
  try {
    return isText(schema, text) ? text : JSON.parse(text);
  } catch {
    return text;
  }
}

function isText(schema: Field['schema'], text: string): boolean {
  const result = schema['~standard'].validate(text);
  return !(result instanceof Promise) && result.issues === undefined;
}

function unknownVariable(name: string, known: readonly string[], channels: readonly string[]): ConfigMistake {
  const message = `must name a field of the router or of a channel (${channels.join(', ')})`;
  const suggestion = nearest(name, known);
  return { file: name, path: [], message, ...(suggestion === undefined ? {} : { suggestion }) };
}

function withValue(low: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const base = isMap(low) ? low : {};
  return { ...base, [key]: withValue(base[key], rest, value) };
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((key, index) => path[index] === key);
}
