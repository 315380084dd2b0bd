import * as z from 'zod';
import { namedLayer, type Source } from './layers.ts';
import { nearest } from './mistakes.ts';
import { channelSchema, configSchema } from './schema.ts';
import { fieldsOf, type Path, type Schema } from './walk.ts';

/** Variables of a process, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says about the router and these channels: one layer for each variable. */
export function readEnvironment(environment: Environment, channels: readonly string[]): Source {
  const router = fieldsOf(configSchema).filter(({ path }) => path[0] === 'router' && path.length > 1);
  const fields = [...router, ...channels.flatMap((name) => fieldsOf(channelSchema, ['channels', name]))];
  // Shorter paths first, so that one field of a breaker can be laid over a whole breaker.
  fields.sort((left, right) => left.path.length - right.path.length);
  const layers = fields.flatMap(({ path, schema }) => {
    const text = environment[variableName(path)];
    if (text === undefined) return [];
    const value = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), readValue(text, schema));
    return [namedLayer(value, variableName(path))];
  });
  const names = fields.map(({ path }) => variableName(path));
  const message = `must name a field of the router or of a channel (${channels.join(', ')})`;
  const mistakes = Object.entries(environment)
    .filter(([name, text]) => name.startsWith('SLUICE_') && text !== undefined && !names.includes(name))
    .map(([name]) => ({ file: name, path: [], message, suggestion: nearest(name, names) }));
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
