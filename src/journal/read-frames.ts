import type { Frame } from '../core/source-port.ts';
import { checkJournal, viewJournal } from './environment.ts';
import { JournalFrame } from './frame.ts';

/** So much is read at once, for what is read must not be written over meanwhile. */
const FRAMES_MAX = 64;
const BYTES_MAX = 256 * 1024;

/**
 * Every frame that a journal still has, the oldest first: the unsettled ones, and settled ones that stay for `keepMs`.
 * It may be in use; nothing is taken from it, and what is written meanwhile is read too.
 */
export async function* readFrames(directory: string): AsyncGenerator<Frame, void> {
  await checkJournal(directory);
  let next: number | undefined;
  for (;;) {
    const chunk = chunkFrom(directory, next);
    for (const frame of chunk) {
      yield frame;
      next = frame.position + 1;
    }
    if (chunk.length === 0) return;
  }
}

function chunkFrom(directory: string, next: number | undefined): readonly JournalFrame[] {
  return viewJournal(directory, ({ frames }) => {
    const chunk: JournalFrame[] = [];
    let expected = next;
    let bytes = 0;
    for (const { key, value } of frames.getRange({ ...(next !== undefined && { start: next }), limit: FRAMES_MAX })) {
      chunk.push(new JournalFrame(key, value, undefined, expected));
      expected = key + 1;
      bytes += value.length;
      if (bytes > BYTES_MAX) break;
    }
    return chunk;
  });
}
