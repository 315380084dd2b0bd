import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import { toError } from '../core/error-text.ts';
import { generateMarket } from './market.ts';
import { readMessages } from './messages.ts';
import { loadJournal } from './optional.ts';
import { paced } from './pacing.ts';
import type { Problems } from './problems.ts';
import { readBytes } from './source-file.ts';

/** Where the messages come from and how fast. */
export interface FeedOptions {
  /** Files in order, `-` for standard input; none for the generated market. */
  readonly files: readonly string[];
  /** A factor: 2 is twice as fast as recorded, Infinity does not wait. */
  readonly speed: number;
  readonly seed: number;
  /** The feed ends after this many messages, those that are skipped included; Infinity for no limit. */
  readonly limit: number;
}

/** What a feed works with. */
export interface FeedContext {
  readonly stdin: Readable;
  readonly problems: Problems;
  readonly progress: Progress;
  readonly clock: Clock;
  /** Ends the feed early. */
  readonly signal: AbortSignal;
}

/** How far a feed has come. */
export interface Progress {
  source: string;
  /** Of the file, from 0 to 1, where its size is known. */
  share: number | undefined;
  /** When the feed ends, in ms from its start; undefined for the end of its input. */
  readonly forMs: number | undefined;
}

type Batches = AsyncGenerator<readonly unknown[]>;

/** Generated messages between two turns of the event loop, in which signals and timers run. */
const GENERATED_BATCH = 256;

/** The messages of all sources but for the first `skip`, in batches, at the given speed. */
export async function* feed(options: FeedOptions, context: FeedContext, skip = 0): Batches {
  const { clock, problems, signal } = context;
  const passed = { left: skip };
  let left = options.limit - skip;
  for (const source of sources(options, context)) {
    if (left <= 0) return;
    const batches = after(source, passed);
    const isPaced = options.speed !== Number.POSITIVE_INFINITY;
    const timely = isPaced ? paced(batches, options.speed, clock, signal, problems) : batches;
    for await (const batch of timely) {
      if (signal.aborted) return;
      yield batch.slice(0, left);
      left -= batch.length;
      if (left <= 0) return;
    }
  }
}

/** What comes after the messages to be passed over. */
async function* after(batches: Batches, passed: { left: number }): Batches {
  for await (const batch of batches) {
    const skipped = Math.min(passed.left, batch.length);
    passed.left -= skipped;
    yield skipped === 0 ? batch : batch.slice(skipped);
  }
}

function* sources({ files, seed }: FeedOptions, context: FeedContext): Generator<Batches> {
  if (files.length === 0) yield generated(seed, context);
  for (const file of files) {
    if (!context.signal.aborted) yield isJournal(file) ? fromJournal(file, context) : fromFile(file, context);
  }
}

async function* generated(seed: number, { progress, clock }: FeedContext): Batches {
  progress.source = `generated market, seed ${seed}`;
  let batch: unknown[] = [];
  for (const message of generateMarket(seed)) {
    batch.push(message);
    if (batch.length < GENERATED_BATCH) continue;
    yield batch;
    batch = [];
    await new Promise<void>((resolve) => clock.setImmediate(resolve));
  }
}

async function* fromFile(file: string, { stdin, problems, progress, signal }: FeedContext): Batches {
  const sizeBytes = file === '-' ? undefined : statSync(file, { throwIfNoEntry: false })?.size;
  let readBytesSoFar = 0;
  progress.source = file === '-' ? 'standard input' : file;
  const bytes = readBytes(file, stdin, signal, (count) => {
    readBytesSoFar += count;
    progress.share = sizeBytes ? readBytesSoFar / sizeBytes : undefined;
  });
  try {
    yield* readMessages(file, bytes, (malformed) => problems.addMalformed(malformed));
  } catch (error) {
    // A stop aborts the reading, which is not a fault of the file.
    if (!signal.aborted) problems.addUnreadable(file, error);
  }
  progress.share = undefined;
}

function isJournal(file: string): boolean {
  return file !== '-' && existsSync(join(file, 'journal.json'));
}

/** The messages of a journal as it is; frames that cannot be decoded are malformed, and so are missing ones. */
async function* fromJournal(directory: string, { problems, progress, signal }: FeedContext): Batches {
  progress.source = `journal ${directory}`;
  const { readFrames } = await loadJournal();
  const malformed = (line: number, problem: string): void => problems.addMalformed({ file: directory, line, problem });
  try {
    for await (const frame of readFrames(directory)) {
      if (signal.aborted) return;
      const { gap, position } = frame;
      if (gap !== undefined) malformed(position, `the frames ${gap.from} to ${gap.to} are missing`);
      try {
        yield frame.messages();
      } catch (error) {
        malformed(position, toError(error).message);
      }
    }
  } catch (error) {
    problems.addUnreadable(directory, error);
  }
}
