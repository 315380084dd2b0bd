import { errorText } from '../core/error-text.ts';
import type { Call } from './call.ts';
import type { Lane } from './lane.ts';

/** What an error may say about itself; both fields are optional. */
interface Advice {
  /** False: another attempt cannot help. That is evidence by itself, so the message is given up at once. */
  readonly retryable?: unknown;
  /** The sink asks not to be tried again before: a number of ms, or the text of a `Retry-After` header. */
  readonly retryAfterMs?: unknown;
}

const ALLOWED = 'it must be a number of ms from 0, or the text of a Retry-After header: seconds or an HTTP date';
/** The three forms of RFC 9110: all begin with the day of the week; the oldest does not name the zone, which is GMT. */
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/;

/** False: the error says that another attempt cannot help. */
export function isRetryable(error: unknown): boolean {
  return adviceOf(error).retryable !== false;
}

/** How long a sink asks not to be tried, in ms; 0: it does not ask. What is ignored or cut is published as a fault. */
export function askedMsOf({ channel, services }: Lane, error: unknown, askedMsMax: number): number {
  const { retryAfterMs } = adviceOf(error);
  if (retryAfterMs === undefined || retryAfterMs === null) return 0;
  const askedMs = msOf(retryAfterMs, services.clock.wallTime());
  const fault = (text: string): void => services.bus.fault('retry-after', new Error(text), channel);
  if (askedMs === undefined) fault(`retryAfterMs ${errorText(retryAfterMs)} is ignored: ${ALLOWED}`);
  else if (askedMs > askedMsMax)
    fault(`retryAfterMs asks for ${askedMs} ms, retry.retryAfterMsMax is ${askedMsMax} ms`);
  return Math.min(askedMs ?? 0, askedMsMax);
}

function msOf(asked: unknown, now: number): number | undefined {
  if (typeof asked === 'number') return Number.isFinite(asked) && asked >= 0 ? asked : undefined;
  if (typeof asked !== 'string') return undefined;
  const text = asked.trim();
  if (/^\d{1,15}$/.test(text)) return Number(text) * 1_000;
  if (!HTTP_DATE.test(text)) return undefined;
  const at = Date.parse(/(GMT|UTC)$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

const consulted = new WeakMap<object, Advice>();

/** Reads what errors say, before anything is settled. True: their getters, code of the host, have ended the call. */
export function isEndedBy(call: Call, error: unknown): boolean {
  for (const each of [error, ...(call.details.failures?.values() ?? [])])
    if (typeof each === 'object' && each !== null) consulted.set(each, read(each));
  return call.isOver;
}

function adviceOf(error: unknown): Advice {
  if (typeof error !== 'object' || error === null) return {};
  return consulted.get(error) ?? read(error);
}

function read(error: object): Advice {
  try {
    const { retryable, retryAfterMs } = error as Advice;
    return { retryable, retryAfterMs };
  } catch {
    return {};
  }
}
