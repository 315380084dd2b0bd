import { statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pause } from '../cluster/patience.ts';
import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { RouterOptions } from '../index.ts';
import type { Journal } from '../journal/index.ts';
import { loadJournal } from './optional.ts';

/** What a replay with a journal has come to, over all of its processes. */
export interface JournalReport {
  readonly directory: string;
  /** Messages of the input that are in the journal, or were. */
  readonly messages: number;
  /** Delivered, or kept as dead letters: no later process gets them again. */
  readonly settled: number;
  /** How many of them earlier processes had settled. */
  readonly settledBefore: number;
  /** Dead letters in the journal. */
  readonly letters: number;
}

interface Input {
  readonly files: readonly { readonly path: string; readonly bytes: number | null }[];
  /** Of the generated market, where there are no files. */
  readonly seed: number | null;
}

const MARKER = 'replay.json';
/** How often a replay looks whether all is settled, in ms. */
const LOOK_MS = 20;

/**
 * A replay through a journal: each message of the input is on disk before it is routed, so a later process with the same
 * command goes on where a killed one was.
 */
export class ReplayJournal {
  readonly #journal: Journal;
  readonly #before: Pick<JournalReport, 'messages' | 'settled'>;

  private constructor(journal: Journal, before: Pick<JournalReport, 'messages' | 'settled'>) {
    this.#journal = journal;
    this.#before = before;
  }

  /** Rejects with `SluiceError`: what `openJournal` says, or `refused` where the journal belongs to another input. */
  static async open(directory: string, input: { readonly files: readonly string[]; readonly seed: number }) {
    const { openJournal } = await loadJournal();
    // An input may be nothing but messages that no channel takes.
    const journal = await openJournal(directory, { maxLetters: Number.MAX_SAFE_INTEGER });
    try {
      const { unsettled, written } = await journal.info();
      await claim(directory, inputOf(input), written);
      return new ReplayJournal(journal, { messages: written, settled: written - unsettled.messages });
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  get skip(): number {
    return this.#before.messages;
  }

  get options(): Pick<RouterOptions, 'sources' | 'deadLetters'> {
    return { sources: { journal: this.#journal.source }, deadLetters: { store: this.#journal.letters } };
  }

  /** Writes what is left of the input; resolves when all of it is settled, or the signal aborts. */
  async pass(batches: AsyncIterable<readonly unknown[]>, clock: Clock, signal: AbortSignal): Promise<void> {
    for await (const batch of batches) if (batch.length > 0) await this.#journal.write(batch);
    while (!signal.aborted && !this.#journal.ended.aborted) {
      const { lastPosition, position } = await this.#journal.info();
      if (position >= lastPosition) return;
      await pause(clock, LOOK_MS);
    }
  }

  async report(): Promise<JournalReport> {
    const { directory, letters, unsettled, written } = await this.#journal.info();
    const settled = written - unsettled.messages;
    return { directory, messages: written, settled, settledBefore: this.#before.settled, letters };
  }

  close(): Promise<void> {
    return this.#journal.close();
  }
}

function inputOf({ files, seed }: { readonly files: readonly string[]; readonly seed: number }): Input {
  const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false });
  const named = files.map((file) => {
    const size = file === '-' ? undefined : sizeOf(file);
    return { path: file === '-' ? file : resolve(file), bytes: size?.isFile() ? size.size : null };
  });
  return { files: named, seed: files.length === 0 ? seed : null };
}

/** What was skipped of another input would be missing in silence. */
async function claim(directory: string, input: Input, written: number): Promise<void> {
  const path = join(directory, MARKER);
  const text = JSON.stringify(input);
  const before = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (before === text) return;
  if (written === 0) return writeFile(path, text);
  const whose = before === undefined ? 'no replay' : `the replay of ${before}`;
  throw new SluiceError(
    'refused',
    `the journal ${directory} was written by ${whose}, not by one of ${text}: name the same input, or another directory`,
  );
}
