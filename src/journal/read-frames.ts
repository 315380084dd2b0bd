import type { Frame } from '../core/source-port.ts';
import { openEnvironment } from './environment.ts';
import { JournalFrame } from './frame.ts';

const CHUNK = 64;

/**
 * Every frame that a journal still has, the oldest first: the unsettled ones, and settled ones that stay for `keepMs`.
 * It may be in use; nothing is taken from it, and what is written meanwhile is read too.
 */
export async function* readFrames(directory: string): AsyncGenerator<Frame, void> {
  const { frames, close } = await openEnvironment(directory, true);
  try {
    let next: number | undefined;
    for (;;) {
      const range = next === undefined ? { limit: CHUNK } : { start: next, limit: CHUNK };
      const chunk = [...frames.getRange(range)];
      for (const { key, value } of chunk) {
        yield new JournalFrame(key, value, undefined, next);
        next = key + 1;
      }
      if (chunk.length < CHUNK) return;
    }
  } finally {
    await close();
  }
}
