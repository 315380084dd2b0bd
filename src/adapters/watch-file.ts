import { stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { watch } from 'chokidar';

/** A file is at rest when nothing of it changed for so long, in ms: a slow writer pauses between its pieces. */
const REST_MS = 250;

/** Calls back when a file was written and is at rest, once for a burst of writes. Returns what ends it. */
export function watchFile(path: string, changed: () => void): () => Promise<void> {
  const watcher = watch(path, { ignoreInitial: true });
  let isWaiting = false;
  const written = async (): Promise<void> => {
    if (isWaiting) return;
    isWaiting = true;
    const isThere = await whenAtRest(path);
    isWaiting = false;
    if (isThere && !watcher.closed) changed();
  };
  // Editors replace a file by renaming another one onto it, which shows as an `add`.
  watcher.on('add', written).on('change', written);
  return () => watcher.close();
}

/** Resolves when the file is at rest; false: it is gone. */
async function whenAtRest(path: string): Promise<boolean> {
  let before = await versionOf(path);
  for (;;) {
    await wait(REST_MS, undefined, { ref: false });
    const now = await versionOf(path);
    if (now === before) return now !== undefined;
    before = now;
  }
}

/** Changes with each write; undefined: there is no file. */
async function versionOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.ino} ${found.size} ${found.mtimeNs}`;
}
