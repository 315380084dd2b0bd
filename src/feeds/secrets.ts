import { toError } from '../core/error-text.ts';
import { maskText } from '../core/plain.ts';
import { invalidOption } from '../core/sluice-error.ts';
import type { Credentials, FeedProfile } from './profile.ts';

/** The credentials of one feed, and the texts that must not show them. */
export class Secrets {
  readonly #source: Credentials | (() => Credentials) | undefined;
  #values: readonly string[] = [];

  constructor(source: Credentials | (() => Credentials) | undefined) {
    this.#source = source;
  }

  /** Throws what `checkCredentials` does, and what the host's function throws. */
  read(profile: FeedProfile): Credentials {
    const credentials = typeof this.#source === 'function' ? this.#source() : (this.#source ?? {});
    checkCredentials(profile, credentials);
    this.#values = Object.values(credentials)
      .filter((value) => value.length >= 4)
      .flatMap((value) => [value, new URLSearchParams({ '': value }).toString().slice(1)]);
    return credentials;
  }

  /** Hides, in a text from the service, the secrets that were sent to it, also where they are URL-encoded. */
  hide(text: string): string {
    return this.#values.reduce((shown, value) => shown.replaceAll(value, '(not shown)'), maskText(text));
  }

  /** What the service says, as an error. */
  said(why: string): Error {
    return new Error(`the service says: ${this.hide(why).slice(0, 200)}`);
  }

  /** An error of the connection: what the service says back may hold what was sent. */
  shown(error: unknown): Error {
    return new Error(this.hide(toError(error).message));
  }
}

/** Throws `SluiceError` `invalid-option` if one that the profile needs is missing. */
export function checkCredentials({ name, needs = [] }: FeedProfile, credentials: Credentials | undefined): void {
  const missing = needs.filter((each) => (credentials?.[each] ?? '') === '');
  if (missing.length === 0) return;
  throw invalidOption(`${name} needs the credentials ${missing.join(' and ')}`);
}
