import * as z from 'zod';
import { isMap } from './field.ts';
import { configSchema } from './schema.ts';

/** Where a value stands in the configuration: the keys that lead to it. */
export type Path = readonly string[];

type Schema = z.core.$ZodType;

/** The value at a path, looking at own keys only. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((found, key) => (hasOwn(found, key) ? found[key] : undefined), value);
}

function hasOwn(value: unknown, key: string): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key);
}

function mapsIn(schema: Schema): readonly (z.ZodObject | z.ZodRecord)[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return mapsIn(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(mapsIn);
  return schema instanceof z.ZodObject || schema instanceof z.ZodRecord ? [schema] : [];
}

function childOf(schema: z.ZodObject | z.ZodRecord, key: string): Schema | undefined {
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return Object.hasOwn(schema.shape, key) ? schema.shape[key] : undefined;
}

/** The children of a section. A choice between several maps is none: a window by time replaces one by count whole. */
export function section(schema: Schema | undefined): { child(key: string): Schema | undefined } | undefined {
  const [only, ...more] = schema === undefined ? [] : mapsIn(schema);
  return only === undefined || more.length > 0 ? undefined : { child: (key) => childOf(only, key) };
}

/** One field of a section, or of a section in it. */
export interface Field {
  readonly path: Path;
  readonly schema: Schema;
}

/** Every field under a schema, sections included, in the order they are declared. */
export function fieldsOf(schema: Schema, above: Path = []): readonly Field[] {
  return mapsIn(schema).flatMap((map) => {
    if (map instanceof z.ZodRecord) return [];
    return Object.entries(map.shape).flatMap(([key, child]) => {
      const path = [...above, key];
      return [{ path, schema: child }, ...fieldsOf(child, path)];
    });
  });
}

/** The keys that may stand in the map at a path. */
export function keysAt(path: Path): readonly string[] {
  let schemas: readonly Schema[] = [configSchema];
  for (const key of path) schemas = schemas.flatMap(mapsIn).flatMap((map) => childOf(map, key) ?? []);
  return schemas.flatMap((schema) => fieldsOf(schema)).flatMap((field) => (field.path.length === 1 ? field.path : []));
}

/** Lays one configuration over another, field by field; what is undefined is not written. */
export function overlay(schema: Schema | undefined, low: unknown, high: unknown): unknown {
  if (high === undefined) return low;
  const here = section(schema);
  if (here === undefined || !isMap(high)) return high;
  // Fields laid over what is no map must not hide that mistake; only a breaker may be `false`.
  if (low !== undefined && low !== false && !isMap(low)) return low;
  const base = isMap(low) ? low : {};
  const keys = [...new Set([...Object.keys(base), ...Object.keys(high)])];
  // `fromEntries` makes even `__proto__` an ordinary key, so that it is reported instead of obeyed.
  return Object.fromEntries(
    keys.map((key) => [key, overlay(here.child(key), valueAt(base, [key]), valueAt(high, [key]))]),
  );
}
