import * as z from 'zod';
import { isMap, kindOf } from './field.ts';
import { configSchema } from './schema.ts';

/** Where a value stands in the configuration: the keys that lead to it. */
export type Path = readonly string[];

/** What zod checks a part of the configuration by. */
export type Schema = z.core.$ZodType;

/** The value at a path, looking at own keys only. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((found, key) => {
    const isThere = typeof found === 'object' && found !== null && Object.hasOwn(found, key);
    return isThere ? (found as Readonly<Record<string, unknown>>)[key] : undefined;
  }, value);
}

/** The same value with nothing at the path. */
export function without(value: unknown, [key, ...rest]: Path): unknown {
  if (!isMap(value)) return value;
  const left = Object.entries(value).filter(([name]) => name !== key || rest.length > 0);
  return Object.fromEntries(left.map(([name, child]) => [name, name === key ? without(child, rest) : child]));
}

type MapSchema = z.ZodObject | z.ZodRecord;

function mapsIn(schema: Schema): readonly MapSchema[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return mapsIn(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(mapsIn);
  return schema instanceof z.ZodObject || schema instanceof z.ZodRecord ? [schema] : [];
}

/** What stands under a key of a map. */
export function childOf(map: MapSchema, key: string): Schema | undefined {
  if (map instanceof z.ZodRecord) return map.valueType;
  return Object.hasOwn(map.shape, key) ? map.shape[key] : undefined;
}

/** The map that a schema allows. A choice between several maps is none: a window by time replaces one by count whole. */
export function section(schema: Schema | undefined): MapSchema | undefined {
  if (schema === undefined) return undefined;
  if (!sections.has(schema)) {
    const [map, ...others] = mapsIn(schema);
    sections.set(schema, others.length === 0 ? map : undefined);
  }
  return sections.get(schema);
}

/** Thousands of channels are of one schema. */
const sections = new WeakMap<Schema, MapSchema | undefined>();

/** One field of a section, or of a section in it. */
export interface Field {
  readonly path: Path;
  readonly schema: Schema;
}

/** Every field under a schema, sections included, in the order they are declared. */
export function fieldsOf(schema: Schema, above: Path = []): readonly Field[] {
  const entries = mapsIn(schema).flatMap((map) => (map instanceof z.ZodObject ? Object.entries(map.shape) : []));
  return entries.flatMap(([key, child]) => [
    { path: [...above, key], schema: child },
    ...fieldsOf(child, [...above, key]),
  ]);
}

/** The keys that may stand in the map at a path. */
export function keysAt(path: Path): readonly string[] {
  const childrenOf = (schemas: readonly Schema[], key: string): readonly Schema[] =>
    schemas.flatMap(mapsIn).flatMap((map) => childOf(map, key) ?? []);
  const maps = path.reduce(childrenOf, [configSchema]).flatMap(mapsIn);
  return maps.flatMap((map) => (map instanceof z.ZodObject ? Object.keys(map.shape) : []));
}

/** Lays one configuration over another, field by field; what is undefined is not written. */
export function overlay(schema: Schema | undefined, low: unknown, high: unknown): unknown {
  if (high === undefined) return low;
  const map = section(schema);
  if (map === undefined) return high;
  // zod would take an object of any kind for an empty map.
  if (!isMap(high)) {
    const isOther = typeof high === 'object' && high !== null && !Array.isArray(high);
    return isOther ? `a value of kind ${kindOf(high)}` : high;
  }
  // Fields laid over what is no map must not hide that mistake; only a breaker may be `false`.
  if (low !== undefined && low !== false && !isMap(low)) return low;
  const laid: Record<string, unknown> = isMap(low) ? { ...low } : {};
  for (const key of Object.keys(high)) {
    const value = overlay(childOf(map, key), Object.hasOwn(laid, key) ? laid[key] : undefined, high[key]);
    put(laid, key, value);
  }
  return laid;
}

/** This makes even `__proto__` an ordinary key, so that it is reported instead of obeyed. */
export function put(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true, configurable: true });
  else map[key] = value;
}
