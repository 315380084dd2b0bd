import { isSecret, maskText, toPlain, UNREADABLE } from './plain.ts';

/** How much of one message is told, how much of all together, and how many causes. */
const MESSAGE_MAX = 800;
const TEXT_MAX = 1_000;
const LINKS_MAX = 4;

interface ErrorLike {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message: string;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

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
 * shown.
 */
export function toError(thrown: unknown): Error {
  if (isError(thrown)) return withoutSecrets(thrown, LINKS_MAX);
  const error = new Error(errorText(thrown));
  // It was thrown elsewhere: where this line stands would mislead.
  error.stack = `${error}`;
  return error;
}

function withoutSecrets(error: Error, links: number): Error {
  try {
    const { message, stack = '', cause, ...fields } = error as Error & Record<string, unknown>;
    const innerCause = links > 0 && cause instanceof Error ? withoutSecrets(cause, links - 1) : cause;
    const isHarmless = maskText(message) === message && innerCause === cause && !holdsSecret({ ...fields }, links);
    if (isHarmless) return error;
    const shown = { message: maskText(message), stack: maskText(stack), cause: innerCause };
    const own = Object.entries(shown).filter(([name]) => Object.hasOwn(error, name));
    const hidden = Object.fromEntries(own.map(([name, value]) => [name, { value, configurable: true }]));
    return Object.assign(Object.create(Object.getPrototypeOf(error), hidden), toPlain(fields));
  } catch {
    return new Error(UNREADABLE);
  }
}

function holdsSecret(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return maskText(value) !== value;
  if (typeof value !== 'object' || value === null || depth < 0) return false;
  return Object.entries(value)
    .slice(0, 100)
    .some(([name, inner]) => isSecret([name]) || holdsSecret(inner, depth - 1));
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
  const { errors, cause } = thrown;
  const said = headOf(thrown);
  const isAggregate = Array.isArray(errors) && errors.length > 0;
  const because: unknown = isAggregate ? errors[0] : cause;
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
  if (typeof value === 'string') return maskText(value.slice(0, 2 * MESSAGE_MAX));
  if (typeof value !== 'object' || value === null) return String(toPlain(value));
  const { constructor: { name = '' } = {} } = value as { readonly constructor?: { readonly name?: unknown } };
  const kind = typeof name === 'string' && !['', 'Object', 'Array'].includes(name) ? `${name} ` : '';
  return `${kind}${JSON.stringify(toPlain(value))}`;
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

/** Without line breaks and terminal codes. */
function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
}
