import { isDeepStrictEqual } from 'node:util';
import { toPlain } from '../core/plain.ts';
import { isMap, notes, type Reload } from './field.ts';
import { configSchema, type RouterConfig } from './schema.ts';
import { childOf, type Path, type Schema, section, valueAt } from './walk.ts';

/** One field that differs between two configurations, and when the change takes effect. */
export interface ConfigChange {
  readonly path: Path;
  readonly before: unknown;
  readonly after: unknown;
  readonly reload: Reload;
  /** So many messages are in a channel that is taken out. Left out: none. */
  readonly messages?: number;
}

/** What changes between two configurations; a channel that comes or goes is one change. */
export function diffConfig(before: RouterConfig, after: RouterConfig): readonly ConfigChange[] {
  return compare(configSchema, [], before, after);
}

/** The same change as it may be shown: a value that is named like a secret stays hidden, even if it is all that changed. */
export function shownChange({ before, after, ...change }: ConfigChange): ConfigChange {
  return { ...change, before: toPlain(before, change.path), after: toPlain(after, change.path) };
}

function compare(schema: Schema | undefined, path: Path, before: unknown, after: unknown): readonly ConfigChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  const map = section(schema);
  if (map === undefined || !isMap(before) || !isMap(after)) {
    const reload = (schema && notes.get(schema))?.reload ?? 'restart';
    return [{ path, before, after, reload }];
  }
  const keys = Object.keys({ ...before, ...after });
  return keys.flatMap((key) =>
    compare(childOf(map, key), [...path, key], valueAt(before, [key]), valueAt(after, [key])),
  );
}
