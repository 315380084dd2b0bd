import { isSecret, maskText, toPlain, UNREADABLE } from './plain.ts';

/** How much of one message is told, how much of all together, and how many causes. */
const MESSAGE_MAX = 800;
const TEXT_MAX = 1_000;
const LINKS_MAX = 4;
/** So many values of an error are looked at for secrets. */
const ITEMS_MAX = 100;

interface ErrorLike {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message: string;
  readonly cause?: unknown;
  readonly errors?: unknown;
  /** What a `SuppressedError` and an `ErrorEvent` are about. */
  readonly error?: unknown;
}

/** What objects of the platform, such as a `Response` or a `CloseEvent`, say of themselves by getters. */
const TELLING = ['type', 'code', 'status', 'statusText', 'reason'];

/** What was thrown, in one line: name, code and message of the error, and what caused it. At most 1,001 characters. */
export function errorText(thrown: unknown): string {
  try {
    return cut(oneLine(storyOf(thrown, LINKS_MAX)), TEXT_MAX);
  } catch {
    return 'an error that cannot be read';
  }
}

/**
 * What was thrown as an `Error`, as loggers serialize it with its stack and causes. A copy when it holds what must not be
 * shown, or is too large to search.
 */
export function toError(thrown: unknown): Error {
  try {
    if (isError(thrown)) return holdsSecret(thrown, LINKS_MAX, new Set()) ? copyOf(thrown, LINKS_MAX) : thrown;
  } catch {
    return new Error(UNREADABLE);
  }
  const error = new Error(errorText(thrown));
  // It was thrown elsewhere: where this line stands would mislead.
  error.stack = `${error}`;
  return error;
}

function copyOf(error: Error, links: number): Error {
  const descriptors = Object.getOwnPropertyNames(error).map((name) => {
    const value = shownIn(error[name as keyof Error], [name], links);
    return [name, { value, configurable: true, enumerable: Object.prototype.propertyIsEnumerable.call(error, name) }];
  });
  return Object.create(Object.getPrototypeOf(error), Object.fromEntries(descriptors));
}

function shownIn(value: unknown, path: readonly string[], links: number): unknown {
  if (isError(value)) return links > 0 ? copyOf(value, links - 1) : new Error(errorText(value));
  if (Array.isArray(value)) return value.slice(0, LINKS_MAX).map((item) => shownIn(item, path, links));
  return toPlain(value, path, { items: ITEMS_MAX, values: 10 * ITEMS_MAX });
}

/** What is too deep or too wide to look at counts as a secret. */
function holdsSecret(value: unknown, depth: number, seen: Set<unknown>): boolean {
  if (typeof value === 'string') return maskText(value) !== value;
  if (typeof value !== 'object' || value === null || seen.has(value)) return false;
  seen.add(value);
  const names = isError(value) ? Object.getOwnPropertyNames(value) : Object.keys(value);
  if (names.length > 0 && (depth < 0 || seen.size > ITEMS_MAX || names.length > ITEMS_MAX)) return true;
  return names.some(
    (name) => isSecret([name]) || holdsSecret((value as Record<string, unknown>)[name], depth - 1, seen),
  );
}

/** Of any realm. */
function isError(thrown: unknown): thrown is Error {
  try {
    return Object.prototype.toString.call(thrown) === '[object Error]' && isErrorLike(thrown);
  } catch {
    return false;
  }
}

function isErrorLike(thrown: unknown): thrown is ErrorLike {
  return typeof thrown === 'object' && thrown !== null && typeof (thrown as ErrorLike).message === 'string';
}

function storyOf(thrown: unknown, links: number): string {
  if (!isErrorLike(thrown)) return cut(valueText(thrown), MESSAGE_MAX);
  const { errors, error, cause } = thrown;
  const said = headOf(thrown);
  const isAggregate = Array.isArray(errors) && errors.length > 0;
  const because: unknown = isAggregate ? errors[0] : (cause ?? error);
  if (because === undefined || because === null || links === 0) return said;
  const reason = storyOf(because, links - 1);
  if (said.includes(reason)) return said;
  return isAggregate ? `${said} (${errors.length} errors, the first: ${reason})` : `${said}, caused by ${reason}`;
}

/** Its name and code, unless they say nothing or the message says them already, and its message. */
function headOf(error: ErrorLike): string {
  const { name, code } = error;
  const message = cut(maskText(error.message.slice(0, 2 * MESSAGE_MAX)), MESSAGE_MAX);
  const isNews = (word: unknown): boolean => word !== '' && !message.includes(String(word));
  const isTelling = typeof name === 'string' && name !== 'Error' && name !== 'SluiceError';
  // What a prototype calls a code is the old number of a DOMException.
  const isCode = name !== 'SluiceError' && (typeof code === 'string' || typeof code === 'number');
  const words = [
    ...(isTelling && isNews(name) ? [name] : []),
    ...(isCode && Object.hasOwn(error, 'code') && isNews(code) ? [String(code)] : []),
  ];
  const label = cut(words.join(' '), 100);
  if (message.trim() === '') return label === '' ? 'Error' : label;
  return label === '' ? message : `${label}: ${message}`;
}

function valueText(value: unknown): string {
  if (value === '') return 'an empty text';
  if (typeof value === 'string') return maskText(value.slice(0, 2 * MESSAGE_MAX));
  if (typeof value !== 'object' || value === null) return String(toPlain(value));
  const { constructor: { name = '' } = {} } = value as { readonly constructor?: { readonly name?: unknown } };
  const kind = typeof name === 'string' && !['', 'Object', 'Array'].includes(name) ? `${name} ` : '';
  const plain = toPlain(value);
  const isMap = typeof plain === 'object' && !Array.isArray(plain);
  return `${kind}${JSON.stringify(kind !== '' && isMap ? { ...toldByGetters(value), ...plain } : plain)}`;
}

function toldByGetters(value: object): object {
  const told = TELLING.filter((name) => name in value && !Object.hasOwn(value, name));
  const entries = told.map((name) => [name, (value as Record<string, unknown>)[name]] as const);
  const said = entries.filter(([, says]) => says !== '' && ['string', 'number'].includes(typeof says));
  return Object.fromEntries(said.map(([name, says]) => [name, toPlain(says)]));
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

/** Without line breaks, terminal codes and the characters that change the direction of text. */
function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ').trim();
}
