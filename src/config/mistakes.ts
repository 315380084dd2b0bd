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

/** Further mistakes are only counted: nobody reads thousands, and a log line must not hold them. */
export const TOLD_MAX = 100;

/** A configuration that cannot be used, with every mistake in it: the first 100, and how many more there are. */
export class ConfigError extends SluiceError {
  /** The first 100 in the order of the text. */
  readonly mistakes: readonly ConfigMistake[];
  /** How many there are beyond these. */
  readonly more: number;

  constructor(mistakes: readonly ConfigMistake[]) {
    const count = mistakes.length === 1 ? '1 mistake' : `${inWords(mistakes.length)} mistakes`;
    const told = mistakes.slice(0, TOLD_MAX);
    const more = mistakes.length - told.length;
    super('invalid-config', [`${count} in the configuration:`, ...linesOf(told, more)].join('\n'));
    this.mistakes = told;
    this.more = more;
  }

  /** Each mistake on a line of its own. */
  get lines(): readonly string[] {
    return linesOf(this.mistakes, this.more);
  }
}

function linesOf(mistakes: readonly ConfigMistake[], more: number): readonly string[] {
  return [...mistakes.map(formatMistake), ...(more > 0 ? [`… and ${inWords(more)} more`] : [])];
}

function inWords(count: number): string {
  return count.toLocaleString('en-US');
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

/** Names for a sentence: the first 20 of many. */
export function listed(names: readonly string[]): string {
  const told = names.slice(0, 20).join(', ');
  return names.length <= 20 ? told : `${told} … and ${inWords(names.length - 20)} more`;
}

/** The known word nearest to a misspelled one, if it is near enough to be what was meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const limit = Math.min(3, Math.max(1, Math.floor(word.length * 0.4)));
  const candidates = known.filter(({ length }) => Math.abs(length - word.length) <= limit);
  if (candidates.length === 0) return undefined;
  const candidate = closest(word, candidates);
  return distance(word, candidate) <= limit ? candidate : undefined;
}

/** What zod found wrong, in our words. */
export function fromIssue(issue: z.core.$ZodIssue, above: Path = []): readonly Finding[] {
  const path = [...above, ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path);
    return issue.keys.map((key) => {
      const isOfRouter = path.length === 0 && keysAt(['router']).includes(key);
      const suggestion = isOfRouter ? `router.${key}` : nearest(key, known);
      const allowed = path.length === 0 ? [...known, 'and in a file x-… for anchors'] : known;
      const message = `is not a known field${suggestion === undefined ? ` (${allowed.join(', ')})` : ''}`;
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
