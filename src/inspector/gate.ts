import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a request goes no further. */
export interface Refusal {
  readonly status: 403 | 404 | 405 | 413 | 415 | 429;
  readonly text: string;
}

/** Names of this computer for itself. Others that lead here are a foreign site's (DNS rebinding). Ports may be forwarded. */
const HOST = /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/;

/**
 * Lets a request in that knows the token, was addressed to this computer and comes from our own page; says what is asked
 * for below the token. A page of another site can make the browser send requests here, but not with these headers.
 */
export function admit(request: IncomingMessage, token: string): { readonly path: string } | Refusal {
  const { host = '', origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (!HOST.test(host)) return { status: 403, text: `Host must be 127.0.0.1 or localhost, got ${shown(host)}` };
  if (origin !== undefined && origin !== `http://${host}`)
    return { status: 403, text: `Origin must be http://${host}, got ${shown(origin)}` };
  // Following a link to the page is fine, whoever shows it; fetching or framing from elsewhere is not.
  const isVisit = request.headers['sec-fetch-mode'] === 'navigate' && request.headers['sec-fetch-dest'] === 'document';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isVisit)
    return { status: 403, text: `a request of another site (${shown(String(site))}) is refused` };
  const { url = '' } = request;
  const [, given = '', path = ''] = /^\/([^/?#]*)\/?([^?#]*)/.exec(url) ?? [];
  if (!isSame(given, token))
    return { status: 403, text: 'the token in the address is wrong: open the address the inspector was started with' };
  return { path };
}

/** A request that changes something: it must come from our page, as JSON. */
export function admitChange(request: IncomingMessage): Refusal | undefined {
  if (request.headers.origin === undefined)
    return { status: 403, text: 'Origin is missing: only the page may do this' };
  if (request.headers['content-type'] !== 'application/json')
    return { status: 415, text: 'Content-Type must be application/json' };
  return undefined;
}

/** Takes the same time wherever the two differ, and whatever their lengths. */
function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
