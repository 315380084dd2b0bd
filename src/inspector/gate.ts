import type { IncomingMessage } from 'node:http';
import { isSame } from './http.ts';

/** Why a request is refused. */
export interface Refusal {
  readonly status: 403 | 404 | 405 | 413 | 415 | 429;
  readonly text: string;
}

/** Names of this computer. Any other name that leads here is DNS rebinding. The port may be a forwarded one. */
const HOST = /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/;

/**
 * Admits a request that has the token, is addressed to this computer and comes from our own page, and returns the path
 * below the token. A page of another site can make the browser send requests here, but not with these headers.
 */
export function admit(request: IncomingMessage, token: string): { readonly path: string } | Refusal {
  const { host = '', origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (!HOST.test(host)) return { status: 403, text: `Host must be 127.0.0.1 or localhost, got ${shown(host)}` };
  if (origin !== undefined && origin !== `http://${host}`)
    return { status: 403, text: `Origin must be http://${host}, got ${shown(origin)}` };
  // Another site may link to the page, but not fetch or frame it.
  const isVisit = request.headers['sec-fetch-mode'] === 'navigate' && request.headers['sec-fetch-dest'] === 'document';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isVisit)
    return { status: 403, text: `requests from another site (${shown(String(site))}) are refused` };
  const { url = '' } = request;
  const [, given = '', path = ''] = /^\/([^/?#]*)\/?([^?#]*)/.exec(url) ?? [];
  if (!isSame(given, token))
    return { status: 403, text: 'the token in the address is wrong: open the address that the inspector printed' };
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

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
