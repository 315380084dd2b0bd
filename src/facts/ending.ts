/** How long after its deadline a stop ends at the latest, in ms: channels close, and the router notices. */
export const STOP_GRACE_MS = 150;

/** The end of a router, for what waits for a time: a timer that is left must not keep the process alive. */
export class Ending {
  // An AbortSignal would warn of its eleventh listener.
  readonly #listeners = new Set<() => void>();
  isOver = false;

  /** Calls back at the end, once; returns what takes that back. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  end(): void {
    this.isOver = true;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }
}
