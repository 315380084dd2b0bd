import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { type Environment, storeError } from './environment.ts';
import { alone } from './opening-lock.ts';
import { type OwnerRecord, Ownership, ownedError, readOwner } from './ownership.ts';

/**
 * The databases while this process owns them. The first error ends it: what the disk has then is known again only to
 * those who open the journal anew, so nothing is retried here.
 */
export class OwnedStore {
  readonly environment: Environment;
  readonly #ownership: Ownership;
  readonly #ended = new AbortController();
  #failure: SluiceError | undefined;

  constructor(environment: Environment, clock: Clock, record: OwnerRecord) {
    this.environment = environment;
    this.#ownership = new Ownership(environment, clock, record, (error) => void this.#fail(error));
  }

  get epoch(): number {
    return this.#ownership.epoch;
  }

  /** Aborts when nothing can be written any more; the reason is a `SluiceError`. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Throws what ended it. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Writes all of it or nothing, and resolves when it is on disk. Rejects with a `SluiceError` and has ended then. */
  async write(puts: () => void): Promise<void> {
    this.check();
    const kept = await this.environment.write(this.epoch, puts).catch((error: unknown) => this.#fail(error));
    if (kept !== true) await this.#fail(undefined);
    this.check();
  }

  async close(): Promise<void> {
    const isOwner = this.#failure === undefined;
    const { directory } = this.environment;
    this.#end(new SluiceError('not-running', `the journal ${directory} is closed`));
    await alone(directory, async () => {
      // If it fails, the next process finds this one dead and takes the journal over.
      if (isOwner) await this.#ownership.giveBack().catch(() => {});
      await this.environment.close();
    });
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
    this.#ownership.stop();
    this.#failure = failure;
    this.#ended.abort(failure);
  }
}
