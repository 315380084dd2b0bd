import type { Clock } from '../core/clock.ts';
import type { LetterStore } from '../core/letter-store-port.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Source, SourceOwner, Spill } from '../core/source-port.ts';
import { Checkpoint } from './checkpoint.ts';
import { checkSize, encodeMessage } from './encode-message.ts';
import type { FrameKind } from './frame.ts';
import { type JournalInfo, journalInfo } from './info.ts';
import { JournalLetters } from './letters.ts';
import { LiveFrames } from './live-frames.ts';
import type { OwnedStore } from './owned-store.ts';
import { Stay, type StayParts } from './stay.ts';
import { type Bounds, Writer } from './writer.ts';

/** Frames that a reader who keeps up takes from memory; one who is further behind reads the disk. */
const LIVE_BYTES_MAX = 16 * 1024 * 1024;
const CLOSE_WITHIN_MS = 5_000;

/** How a journal is opened, every option filled in. */
export interface JournalSettings extends Bounds {
  readonly keepMs: number;
  readonly maxLetters: number;
}

/** Messages on disk, until they are settled. One process at a time has it. */
export class Journal {
  /** What was written, in order, as a source of a router. */
  readonly source: Source;
  /** Dead letters on the same disk. */
  readonly letters: LetterStore;
  readonly #source: JournalSource;
  readonly #store: OwnedStore;
  readonly #writer: Writer;
  #closed: Promise<void> | undefined;

  constructor(store: OwnedStore, clock: Clock, settings: JournalSettings) {
    this.#store = store;
    const checkpoint = new Checkpoint(store, clock, settings.keepMs);
    const live = new LiveFrames(LIVE_BYTES_MAX);
    this.#writer = new Writer(store, checkpoint, clock, settings, (frame) => {
      live.add(frame);
      this.#source.wake();
    });
    this.#source = new JournalSource({ store, checkpoint, writer: this.#writer, live, clock }, (messages) =>
      this.write(messages),
    );
    this.source = this.#source;
    this.letters = new JournalLetters(store, settings.maxLetters);
  }

  get directory(): string {
    return this.#store.environment.directory;
  }

  /** Aborts when nothing can be written any more: closed, the disk failed, or another process took the journal over. */
  get ended(): AbortSignal {
    return this.#store.ended;
  }

  /**
   * Resolves when the message, or every one of an array, is on disk; while the journal is full it waits, or rejects
   * with `store-full`. Rejects with `SluiceError`, and nothing was written: `invalid-message` for one that JSON cannot
   * express or that is larger than 512 KB; `not-running`, `store-failed` or `owned` once the journal has ended.
   */
  write(messages: unknown): Promise<void> {
    const list: readonly unknown[] = Array.isArray(messages) ? messages : [messages];
    return this.#write('messages', list, () => list.map(encodeMessage));
  }

  /**
   * As `write`, for JSON as a feed sent it, which is not parsed before it is read: a text is one message or an array of
   * messages. One that is no JSON is read as a message that is this text.
   */
  writeText(texts: string | readonly string[]): Promise<void> {
    const list: readonly string[] = Array.isArray(texts) ? texts : [texts];
    return this.#write('texts', list, () => list);
  }

  async info(): Promise<JournalInfo> {
    return journalInfo(this.#store.environment);
  }

  /** Writes what waits if there is room, ends the source without a commit, and gives the journal back. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#writer.flush();
    await this.#source.close(CLOSE_WITHIN_MS);
    await this.#store.close();
  }

  async #write(kind: FrameKind, messages: readonly unknown[], encode: () => readonly string[]): Promise<void> {
    const texts = encode();
    for (const text of texts) checkText(text);
    return this.#writer.write(kind, texts, messages);
  }
}

function checkText(text: string): void {
  if (typeof text !== 'string' || text.length === 0)
    throw new SluiceError('invalid-message', 'a text of a feed must be a string that is not empty');
  checkSize(text);
}

/** The journal as a source: one partition, whose only reader is the process that has the journal. */
class JournalSource implements Source {
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
