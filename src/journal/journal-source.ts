import { SluiceError } from '../core/sluice-error.ts';
import type { Source, SourceOwner, Spill } from '../core/source-port.ts';
import { Stay, type StayParts } from './stay.ts';

/** The journal as a source: one partition, whose only reader is the process that has the journal. */
export class JournalSource implements Source {
  readonly spill: Spill;
  readonly #parts: StayParts;
  #stay: Stay | undefined;
  #isStarting = false;

  constructor(parts: StayParts, write: Spill['write']) {
    const { checkpoint, writer } = parts;
    this.#parts = parts;
    this.spill = {
      write,
      get written() {
        return writer.last;
      },
      get settled() {
        return checkpoint.record.position;
      },
    };
  }

  async start(owner: SourceOwner): Promise<void> {
    if (this.#isStarting || this.#stay?.isOver === false)
      throw new SluiceError('refused', 'the source of the journal is started already: release or close it first');
    this.#isStarting = true;
    try {
      await this.#parts.checkpoint.begin();
      this.#stay = new Stay(this.#parts);
    } finally {
      this.#isStarting = false;
    }
    owner.assigned(this.#stay);
  }

  async close(withinMs: number): Promise<void> {
    const stay = this.#stay;
    if (stay === undefined || stay.isOver) return;
    const released = stay.release(undefined, withinMs);
    stay.end();
    await released;
  }

  wake(): void {
    this.#stay?.wake();
  }
}
