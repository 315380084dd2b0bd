import { errorText } from '../core/error-text.ts';
import { shownAt } from '../core/plain.ts';
import { isMap } from './field.ts';
import { ConfigError, type ConfigMistake, type Finding, formatMistake, type Place } from './mistakes.ts';
import { configSchema } from './schema.ts';
import { overlay, type Path, put, valueAt } from './walk.ts';

/** A part of a configuration, and where each of its values was written. */
export interface Layer {
  readonly value: unknown;
  /** Who wrote it in code, which wins over files and the environment, also at a reload. Left out: it was not. */
  readonly name?: string;
  place(path: Path, at: 'key' | 'value'): Place;
}

/** What a file or the environment says, and the mistakes that leave the rest of it readable. */
export interface Source {
  readonly layers: readonly Layer[];
  readonly mistakes: readonly ConfigMistake[];
}

/** A layer that was written in code: it has a name but no lines. Throws `ConfigError` for what cannot be read. */
export function namedLayer(value: unknown, name: string): Layer {
  try {
    return { value: copied(value), name, place: () => ({ file: name }) };
  } catch (error) {
    throw new ConfigError([{ file: name, path: [], message: `cannot be read: ${errorText(error)}` }]);
  }
}

/** A copy of the maps and lists of a configuration: code may change its own. Deeper ones belong to the host. */
function copied(value: unknown, levels = 6): unknown {
  if (levels === 0) return value;
  if (Array.isArray(value)) return value.map((item) => copied(item, levels - 1));
  if (!isMap(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) put(copy, key, copied(value[key], levels - 1));
  return copy;
}

/** All layers as one configuration; a later layer wins. */
export function mergeLayers(layers: readonly Layer[]): unknown {
  return layers.reduce<unknown>((low, layer) => overlay(configSchema, low, layer.value), undefined);
}

/**
 * Where a value was written: in the layer that won; a key, or what was left out, in the first that has the map.
 * `merged` is all layers as one, which whoever asks more than once has made before.
 */
export function placeIn(
  layers: readonly Layer[],
  path: Path,
  at: 'key' | 'value' = 'value',
  merged: unknown = mergeLayers(layers),
): Place | undefined {
  const value = at === 'key' ? undefined : valueAt(merged, path);
  const writer =
    (value !== undefined && layers.findLast((layer) => Object.is(valueAt(layer.value, path), value))) ||
    layers.find((layer) => path.length === 0 || valueAt(layer.value, path) !== undefined);
  if (writer !== undefined) return writer.place(path, at);
  return path.length === 0 ? undefined : placeIn(layers, path.slice(0, -1), 'key', merged);
}

/** Every mistake as one error, in the order of the text. */
export function configError(
  layers: readonly Layer[],
  findings: readonly Finding[],
  known: readonly ConfigMistake[] = [],
  merged: unknown = mergeLayers(layers),
): ConfigError {
  const placed = findings.map(({ at, received, ...mistake }) => {
    const shown = { ...mistake, received: shownAt(mistake.path, received) as typeof received };
    return { ...(placeIn(layers, mistake.path, at, merged) ?? { file: 'configuration' }), ...shown };
  });
  // zod reports a number that is both huge and too large twice.
  const byText = new Map([...known, ...placed].map((mistake) => [formatMistake(mistake), mistake]));
  return new ConfigError([...byText.values()].toSorted(byPlace));
}

function byPlace(left: ConfigMistake, right: ConfigMistake): number {
  const lines = (left.line ?? Number.MAX_SAFE_INTEGER) - (right.line ?? Number.MAX_SAFE_INTEGER);
  return lines === 0 ? (left.column ?? 0) - (right.column ?? 0) : lines;
}
