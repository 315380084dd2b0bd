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
  const looks = new Looks(path, clock, listener.changed);
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

class Looks {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #changed: () => void;
  /** As it was when it was last at rest; undefined: it has not been yet. */
  #known: string | undefined;
  #seen: string | undefined;
  #timer: unknown;
  /** Nothing has changed since the last look, and no look is under way. */
  #isIdle = true;
  #isOver = false;

  constructor(path: string, clock: Clock, changed: () => void) {
    this.#path = path;
    this.#clock = clock;
    this.#changed = changed;
    this.#lookIn(0);
  }

  soon(): void {
    if (this.#isIdle) this.#lookIn(0);
  }

  end(): void {
    this.#isOver = true;
    this.#clock.clearTimeout(this.#timer);
  }

  #lookIn(ms: number): void {
    if (this.#isOver) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => void this.#look(), ms);
  }

  async #look(): Promise<void> {
    this.#isIdle = false;
    const mark = await stat(this.#path, { bigint: true }).then(markOf, codeOf);
    if (this.#isOver) return;
    const isAtRest = mark === this.#seen;
    this.#isIdle = isAtRest;
    this.#seen = mark;
    this.#lookIn(isAtRest ? LOOK_MS : REST_MS);
    if (!isAtRest || mark === this.#known) return;
    this.#known = mark;
    this.#changed();
  }
}

/** Differs between two files, and between two contents of one. */
function markOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException | undefined)?.code);
}
