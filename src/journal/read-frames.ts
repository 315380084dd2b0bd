import type { Frame } from '../core/source-port.ts';
import { checkJournal, viewJournal } from './environment.ts';
import { framesFrom } from './frame.ts';

/** So much is read at once, for what is read must not be written over meanwhile. */
const ROOM = { frames: 64, bytes: 256 * 1024 };

/**
 * Every frame that a journal still has, the oldest first: the unsettled ones, and settled ones that stay for `keepMs`.
 * It may be in use; nothing is taken from it, and what is written meanwhile is read too.
 */
export async function* readFrames(directory: string): AsyncGenerator<Frame, void> {
  await checkJournal(directory);
  let next: number | undefined;
  for (;;) {
    const chunk = viewJournal(directory, ({ frames }) => framesFrom(frames, next, ROOM));
    for (const frame of chunk) {
      yield frame;
      next = frame.position + 1;
    }
    if (chunk.length === 0) return;
  }
}
