import { watch } from 'chokidar';

/** Calls back when a file was written, once for a burst of writes. Returns what ends it. */
export function watchFile(path: string, changed: () => void): () => Promise<void> {
  const watcher = watch(path, { ignoreInitial: true, awaitWriteFinish: { stabilityThreshold: 100, pollInterval: 20 } });
  // Editors replace a file by renaming another one onto it, which shows as an `add`.
  watcher.on('add', changed).on('change', changed);
  return () => watcher.close();
}
