import { SluiceError } from '../core/sluice-error.ts';
import type { MessageJournal, Pressure, Target, TargetCounts, TargetLimits } from './target.ts';

/** Writes messages, a frame at a time; reads on while the disk is not too far behind. */
export class JournalTarget implements Target {
  readonly #journal: MessageJournal;
  readonly #limits: TargetLimits;
  readonly #pressure: Pressure;
  #held = 0;
  #heldBytes = 0;
  #isFull = false;
  readonly #count = { delivered: 0, refused: 0, ignored: 0, dropped: 0, returned: 0 };

  constructor(journal: MessageJournal, limits: TargetLimits, pressure: Pressure) {
    this.#journal = journal;
    this.#limits = limits;
    this.#pressure = pressure;
  }

  get counts(): TargetCounts {
    return { ...this.#count, spilled: 0, held: this.#held };
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  take(messages: readonly unknown[], bytes: number): void {
    if (this.#heldBytes + bytes > this.#limits.heldBytesMax) return this.#drop(messages.length);
    void this.#write(messages, bytes);
  }

  /** A journal has all that came: who reads it decides. */
  isUnwanted(): boolean {
    return false;
  }

  ignore(): void {
    this.#count.ignored += 1;
  }

  /** What waits for the disk is the journal's: it cannot be taken back. */
  end(): readonly unknown[] {
    return [];
  }

  async #write(messages: readonly unknown[], bytes: number): Promise<void> {
    this.#held += messages.length;
    this.#heldBytes += bytes;
    // Half of the room is for what is read after the pause was asked for.
    if (this.#limits.whenFull !== 'drop' && !this.#isFull && this.#heldBytes * 2 > this.#limits.heldBytesMax) {
      this.#isFull = true;
      this.#pressure.pause();
    }
    const error: unknown = await this.#journal.write(messages).then(
      () => undefined,
      (failure: unknown) => failure ?? 'no reason',
    );
    this.#held -= messages.length;
    this.#heldBytes -= bytes;
    this.#settle(messages.length, error);
    if (!this.#isFull || this.#heldBytes * 4 > this.#limits.heldBytesMax) return;
    this.#isFull = false;
    this.#pressure.resume();
  }

  #settle(count: number, error: unknown): void {
    const isInvalid = error instanceof SluiceError && error.code === 'invalid-message';
    if (error !== undefined && !isInvalid) return this.#drop(count);
    this.#count[isInvalid ? 'refused' : 'delivered'] += count;
    this.#pressure.recovered();
  }

  #drop(count: number): void {
    this.#count.dropped += count;
    for (let n = 0; n < count; n += 1) this.#pressure.dropped();
  }
}
