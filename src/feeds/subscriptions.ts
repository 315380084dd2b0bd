import { invalidOption } from '../core/sluice-error.ts';
import type { Standing } from '../core/supervised-feed.ts';
import type { FeedProfile, Meant } from './profile.ts';

/** What a feed subscribes to, and what the service said of each name. */
export class Subscriptions {
  readonly standing = new Map<string, Standing>();
  readonly #requests = new Map<number, readonly string[]>();
  readonly #profile: FeedProfile;
  #lastId = 0;

  constructor(profile: FeedProfile, names: readonly string[]) {
    this.#profile = profile;
    this.want(names);
  }

  /** Nothing that was asked for is without an answer. */
  get isAnswered(): boolean {
    return !this.#has('asked');
  }

  /** Something is subscribed to, or nothing is wanted. */
  get isGranted(): boolean {
    return this.#has('accepted') || !this.#has('refused');
  }

  /** Throws `SluiceError` `invalid-option` for a name that the profile cannot read; then none is taken. */
  want(names: readonly string[]): void {
    for (const name of names) this.#check(name);
    for (const name of names)
      if ((this.standing.get(name) ?? 'refused') === 'refused') this.standing.set(name, 'wanted');
  }

  /** These are no longer wanted; returns the messages that say so to a service that knows them. */
  drop(names: readonly string[]): readonly unknown[] {
    const known = names.filter((name) => ['asked', 'accepted'].includes(this.standing.get(name) ?? ''));
    for (const name of names) this.standing.delete(name);
    return known.length === 0 ? [] : this.#profile.unsubscribe(known, this.#nextId());
  }

  /** A new connection knows nothing of what was asked before. `isByHand`: what was refused is wanted again, too. */
  forget(isByHand = false): void {
    this.#requests.clear();
    for (const [name, standing] of this.standing)
      if (isByHand || standing !== 'refused') this.standing.set(name, 'wanted');
  }

  /** The messages that ask for what was not asked for yet. */
  ask(): readonly unknown[] {
    const names = [...this.standing].flatMap(([name, standing]) => (standing === 'wanted' ? [name] : []));
    if (names.length === 0) return [];
    const id = this.#nextId();
    this.#requests.set(id, names);
    for (const name of names) this.standing.set(name, 'asked');
    return this.#profile.subscribe(names, id);
  }

  answer(meant: Meant, standing: 'accepted' | 'refused'): readonly string[] {
    const names = this.#meant(meant).filter((name) => this.standing.has(name));
    for (const name of names) this.standing.set(name, standing);
    if (meant.id !== undefined) this.#requests.delete(meant.id);
    return names;
  }

  #meant({ names, id, symbol }: Meant): readonly string[] {
    const asked = [...this.standing].flatMap(([name, standing]) => (standing === 'asked' ? [name] : []));
    if (names !== undefined) return names;
    if (symbol !== undefined) return asked.filter((name) => name.endsWith(`:${symbol}`));
    // An answer to a request that nobody remembers, such as one that unsubscribed.
    return id === undefined ? asked : (this.#requests.get(id) ?? []);
  }

  #has(standing: Standing): boolean {
    for (const each of this.standing.values()) if (each === standing) return true;
    return false;
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #check(name: unknown): void {
    try {
      if (typeof name !== 'string' || name === '') throw new Error(`a subscription is a text, got ${String(name)}`);
      this.#profile.subscribe([name], 0);
    } catch (error) {
      throw invalidOption(`${this.#profile.name}: ${error instanceof Error ? error.message : error}`);
    }
  }
}
