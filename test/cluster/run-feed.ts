import { fork } from 'node:child_process';

/** What the feed says at its end. */
interface FeedEnd {
  readonly published: number;
  readonly counts: readonly (readonly [key: string, count: number])[];
  readonly ends: readonly number[];
  readonly bad: readonly string[];
}

/** Runs the process with the feed, and hears how much it published. */
export function startFeed(module: URL, args: readonly string[]) {
  const told = { published: 0 };
  const child = fork(module, args);
  const ended = new Promise<FeedEnd>((resolve, reject) => {
    child.on('message', (message: Partial<FeedEnd>) => {
      told.published = message.published ?? 0;
      // The last message has all of it.
      if (message.ends !== undefined) resolve(message as FeedEnd);
    });
    child.once('exit', (code) => reject(new Error(`the feed ended with ${code}`)));
  });
  return { child, told, ended };
}
