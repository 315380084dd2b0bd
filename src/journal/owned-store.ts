import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { type Environment, OWNER, storeError } from './environment.ts';
import { alone } from './opening-lock.ts';
import { BEAT_MS, type OwnerRecord, ownedError, readOwner } from './ownership.ts';

/**
 * The databases while this process owns them, which it says by a beat. The first error ends it: what the disk has then is
 * known again only to those who open the journal anew, so nothing is retried here.
 */
export class OwnedStore {
  readonly environment: Environment;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  /** Aborts when nothing can be written any more; the reason is a `SluiceError`. */
  readonly ended: AbortSignal = this.#ended.signal;
  #owner: OwnerRecord;
  #timer: unknown;
  #failure: SluiceError | undefined;

  constructor(environment: Environment, clock: Clock, owner: OwnerRecord) {
    this.environment = environment;
    this.#clock = clock;
    this.#owner = owner;
    this.#arm();
  }

  /** Throws what ended it. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Writes all of it or nothing, unless `check` throws, and resolves when it is on disk. Rejects with a `SluiceError` and has ended then. */
  async write(puts: () => void, check?: () => void): Promise<void> {
    this.check();
    const kept = await this.#writeOwned(puts, check).catch((error: unknown) => this.#fail(error));
    if (kept !== true) await this.#fail(undefined);
    this.check();
  }

  async close(): Promise<void> {
    const isOwner = this.#failure === undefined;
    const { directory } = this.environment;
    this.#end(new SluiceError('not-running', `the journal ${directory} is closed`));
    await alone(directory, async () => {
      // If it fails, the next process finds this one dead and takes the journal over.
      if (isOwner) await this.#writeOwned(() => this.#put({ ...this.#owner, holder: null })).catch(() => {});
      await this.environment.close();
    });
  }

  #arm(): void {
    this.#timer = this.#clock.setTimeout(() => this.#beat(), BEAT_MS);
  }

  #beat(): void {
    this.write(() => this.#put({ ...this.#owner, beat: this.#owner.beat + 1 })).then(
      () => this.#arm(),
      () => {},
    );
  }

  #put(owner: OwnerRecord): void {
    this.#owner = owner;
    void this.environment.state.put(OWNER, owner, owner.epoch);
  }

  async #writeOwned(puts: () => void, check?: () => void): Promise<boolean> {
    check?.();
    return this.environment.write(this.#owner.epoch, puts);
  }

  async #fail(error: unknown): Promise<void> {
    const { directory, state } = this.environment;
    if (this.#failure !== undefined) return;
    this.#end(
      error === undefined ? ownedError(directory, readOwner(state)) : await storeError(directory, 'write to', error),
    );
  }

  #end(failure: SluiceError): void {
    if (this.#failure !== undefined) return;
    this.#clock.clearTimeout(this.#timer);
    this.#failure = failure;
    this.#ended.abort(failure);
  }
}
