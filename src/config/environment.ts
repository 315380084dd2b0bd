import * as z from 'zod';
import { namedLayer, type Source } from './layers.ts';
import { type ConfigMistake, nearest } from './mistakes.ts';
import { channelSchema, configSchema } from './schema.ts';
import { fieldsOf, type Path, type Schema } from './walk.ts';

/** Variables of a process, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says about the router and these channels: one layer for each variable. */
export function readEnvironment(environment: Environment, channels: readonly string[]): Source {
  const router = fieldsOf(configSchema).filter(({ path }) => path[0] === 'router' && path.length > 1);
  const known = [...router, ...channels.flatMap((name) => fieldsOf(channelSchema, ['channels', name]))];
  const fields = new Map(known.map((field) => [variableName(field.path), field]));
  const variables = Object.entries(environment).flatMap(([name, value]) => {
    return name.startsWith('SLUICE_') && value !== undefined ? [{ name, value, field: fields.get(name) }] : [];
  });
  const mistakes = variables.flatMap(({ name, field }): readonly ConfigMistake[] => {
    if (field !== undefined) return [];
    const message = `must name a field of the router or of a channel (${channels.join(', ')})`;
    return [{ file: name, path: [], message, suggestion: nearest(name, [...fields.keys()]) }];
  });
  const layers = variables
    .flatMap(({ name, value, field }) => (field === undefined ? [] : [{ name, value, ...field }]))
    // Shorter paths first, so that one field of a breaker can be laid over a whole breaker.
    .toSorted((left, right) => left.path.length - right.path.length)
    .map(({ name, value, path, schema }) => {
      const written = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), readValue(value, schema));
      return namedLayer(written, name);
    });
  return { layers, mistakes };
}

/** The variable that sets a field: `channels.tick.batchSize` is set by `SLUICE_TICK_BATCH_SIZE`. */
export function variableName(path: Path): string {
  const parts = path[0] === 'channels' ? path.slice(1) : path;
  const words = parts.map((part) => part.replaceAll('-', '_').replace(/[A-Z]/g, '_$&').toUpperCase());
  return ['SLUICE', ...words].join('_');
}

// A field that takes any string takes it as it is; everything else is written as in JSON: 5, false, {"count":50}.
function readValue(text: string, schema: Schema): unknown {
  if (z.safeParse(schema, text).success) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
