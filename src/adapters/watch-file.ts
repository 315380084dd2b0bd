import { type BigIntStats, type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Clock } from '../core/clock.ts';

/** Time between two looks at a file, in ms. */
export const LOOK_MS = 1_000;
/** A file that changed is at rest when it is the same after this long, in ms: a slow write is not read half-way. */
const REST_MS = 300;

/** What a watch reports. */
export interface FileListener {
  /**
   * What the path names is at rest: for the first time since the watch began, as it may have changed between the reading
   * and the watch, or as another content, another file behind a link, or gone.
   */
  changed(): void;
  /** The system does not tell of changes, as when all its watches are used up: looking every second goes on. At most once. */
  untold(error: unknown): void;
}

/** Opens the system's own watch of a directory. */
export type OpenWatch = (directory: string, heard: (event: string, name: string | null) => void) => FSWatcher;

/**
 * Watches what a path names. The path is looked at every second, because no system tells that a link on the way leads
 * elsewhere now, as those of Kubernetes do at each change; where the system tells of a change, the look comes at once.
 * Returns what ends it.
 */
export function watchFile(path: string, clock: Clock, listener: FileListener, open: OpenWatch = watch): () => void {
  const looks = lookAt(path, clock, listener.changed);
  let watcher: FSWatcher | undefined;
  let isTold = true;
  const fail = (error: unknown): void => {
    watcher?.close();
    if (isTold) listener.untold(error);
    isTold = false;
  };
  try {
    watcher = open(dirname(path), (_, name) => {
      if (name === null || name === basename(path)) looks.soon();
    });
    watcher.on('error', fail);
  } catch (error) {
    fail(error);
  }
  return () => {
    looks.end();
    watcher?.close();
  };
}

/** Looks at a file, again and again, and calls back when it is at rest as it was not before. */
function lookAt(path: string, clock: Clock, changed: () => void): { soon(): void; end(): void } {
  /** As it was when it was last at rest; undefined: it has not been yet. */
  let known: string | undefined;
  let seen: string | undefined;
  let timer: unknown;
  /** Nothing has changed since the last look, and no look is under way. */
  let isIdle = true;
  let isOver = false;
  const lookIn = (ms: number): void => {
    if (isOver) return;
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => void look(), ms);
  };
  const look = async (): Promise<void> => {
    isIdle = false;
    const mark = await stat(path, { bigint: true }).then(markOf, codeOf);
    if (isOver) return;
    isIdle = mark === seen;
    seen = mark;
    lookIn(isIdle ? LOOK_MS : REST_MS);
    if (!isIdle || mark === known) return;
    known = mark;
    changed();
  };
  lookIn(0);
  return {
    soon: () => isIdle && lookIn(0),
    end() {
      isOver = true;
      clock.clearTimeout(timer);
    },
  };
}

/** Differs between two files, and between two contents of one. */
function markOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException | undefined)?.code);
}
