import { errorText } from '../core/error-text.ts';
import type { SocketEnd } from './socket.ts';

/** With these the service refuses who asks, and asking again changes nothing: 451 is for where, the others for who. */
const REFUSALS = [401, 403, 451];
/** With 418 Binance answers an address that went on after 429. Whatever the status, who sends Retry-After wants a wait. */
const LIMITS = [418, 429, 503];

/** What the end of a socket means for the feed. */
export function signalOf(end: SocketEnd): {
  readonly type: 'login.refused' | 'limit.reached' | 'socket.closed';
  readonly error: Error;
} {
  const error = new Error(endInWords(end));
  if (end.is === 'refused' && REFUSALS.includes(end.status)) return { type: 'login.refused', error };
  if (end.is === 'refused' && (LIMITS.includes(end.status) || end.retryAfter !== undefined))
    return { type: 'limit.reached', error };
  return { type: 'socket.closed', error };
}

function endInWords(end: SocketEnd): string {
  if (end.is === 'error') return errorInWords(end.error);
  if (end.is === 'closed') {
    const how = end.code === 1006 ? 'the connection broke off' : 'the service closed the connection';
    return `${how} (${end.code}${end.reason === '' ? '' : `: ${end.reason}`})`;
  }
  const { status, location, contentType, retryAfter } = end;
  const said = `the service answered with HTTP ${status} instead of a WebSocket`;
  if (location !== undefined) return `${said} and sends the feed to ${location}, which it does not follow: set url`;
  if (retryAfter !== undefined) return `${said}, and wants the feed to wait (Retry-After ${retryAfter})`;
  return contentType?.startsWith('text/html') === true ? `${said}, with a page of HTML, as a proxy sends it` : said;
}

function errorInWords(error: unknown): string {
  const code = String((error as { readonly code?: unknown } | null)?.code ?? '');
  const text = errorText(error);
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return `a message is larger than messageBytesMax (${text})`;
  if (code === 'WS_ERR_INVALID_UTF8') return `a text is not valid UTF-8 (${text})`;
  if (code.startsWith('WS_ERR_')) return `what came breaks the WebSocket protocol (${text})`;
  if (/CERT|TLS|SSL|SELF_SIGNED|ISSUER/.test(`${code} ${text}`)) return `TLS failed (${text})`;
  return `the service cannot be reached (${text})`;
}

/** `Retry-After` as seconds or as a date, in ms from now, at most an hour; undefined: nothing that can be read. */
export function retryAfterMs(header: string | undefined, wallTime: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - wallTime;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), 3_600_000);
}
