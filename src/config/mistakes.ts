import { closest, distance } from 'fastest-levenshtein';
import type * as z from 'zod';
import { maskText, shownAt } from '../core/plain.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { isMap } from './field.ts';
import { keysAt, type Path } from './walk.ts';

/** Where something was written: a file with line and column, an environment variable, or code. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** One thing that is wrong with a configuration: where, what is allowed, what came. */
export interface ConfigMistake extends Place {
  /** The keys that lead to the value; empty when the text itself cannot be read. */
  readonly path: Path;
  readonly message: string;
  readonly received?: string | undefined;
  readonly suggestion?: string | undefined;
}

/** A mistake whose place is not looked up yet; `at` says whether the key is wrong or its value. */
export interface Finding extends Omit<ConfigMistake, keyof Place> {
  readonly at: 'key' | 'value';
}

/** A configuration that cannot be used, with every mistake in it. */
export class ConfigError extends SluiceError {
  readonly mistakes: readonly ConfigMistake[];

  constructor(mistakes: readonly ConfigMistake[]) {
    const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
    super('invalid-config', [`${count} in the configuration:`, ...mistakes.map(formatMistake)].join('\n'));
    this.mistakes = mistakes;
  }
}

/** A mistake on one line, as `config/channels.yaml:7:16 channels.ohlcv.batchSize: must be …, got "many"`. */
export function formatMistake(mistake: ConfigMistake): string {
  const { file, line, column, path, message, received, suggestion } = mistake;
  const place = line === undefined ? file : `${file}:${line}:${column}`;
  const at = path.length === 0 ? place : `${place} ${path.map(plain).join('.')}`;
  const got = received === undefined ? '' : `, got ${received}`;
  return `${at}: ${message}${got}${suggestion === undefined ? '' : `, did you mean ${suggestion}?`}`;
}

// A key may hold line breaks or terminal codes, and a mistake has one line.
function plain(key: string): string {
  return /^[\w$-]{1,100}$/.test(key) ? key : show(key);
}

/** What came, short enough for one line. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' && typeof value !== 'string') return String(value);
  try {
    const text = maskText(JSON.stringify(value, (key, inner) => shownAt([key], inner)) ?? 'something');
    return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
  } catch {
    return 'something that cannot be shown';
  }
}

/** The known word nearest to a misspelled one, if it is near enough to be what was meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const limit = Math.min(3, Math.max(1, Math.floor(word.length * 0.4)));
  const candidate = closest(word, known);
  return distance(word, candidate) <= limit ? candidate : undefined;
}

/** What zod found wrong, in our words. */
export function fromIssue(issue: z.core.$ZodIssue, above: Path = []): readonly Finding[] {
  const path = [...above, ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path);
    return issue.keys.map((key) => {
      const suggestion = nearest(key, known);
      const message = `is not a known field${suggestion === undefined ? ` (${known.join(', ')})` : ''}`;
      return { path: [...path, key], at: 'key', message, suggestion };
    });
  }
  if (issue.code === 'invalid_union' && isMap(issue.input)) {
    // Of `false | {…}` only the map was meant. Between two kinds of map the choice itself is the mistake.
    const [meant, ...others] = issue.errors.filter((branch) =>
      branch.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
    );
    if (meant !== undefined && others.length === 0) return meant.flatMap((inner) => fromIssue(inner, path));
  }
  const words = issue.code === 'invalid_value' && typeof issue.input === 'string' ? issue.values.map(String) : [];
  const suggestion = words.length === 0 ? undefined : nearest(String(issue.input), words);
  return [{ path, at: 'value', message: issue.message, received: show(issue.input), suggestion }];
}
