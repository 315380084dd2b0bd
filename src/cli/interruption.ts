import type { Clock } from '../core/clock.ts';
import type { Terminal } from './terminal.ts';

/** Ends a replay before the end of its input. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Removes the listeners and the timer. */
  release(): void;
}

/** The exit code that a shell reports for a command ended by Ctrl-C. */
const INTERRUPTED = 130;

/** Stops on Ctrl-C, on SIGTERM, on SIGHUP (the terminal is gone) and after `forMs`. A second Ctrl-C does not wait for the channels to drain. */
export function createInterruption(terminal: Terminal, clock: Clock, forMs: number | undefined): Interruption {
  const controller = new AbortController();
  let isAsked = false;
  const ask = () => {
    isAsked = true;
    controller.abort();
  };
  const interrupt = () => (isAsked ? terminal.exit(INTERRUPTED) : ask());
  const listeners = Object.entries({ SIGINT: interrupt, SIGTERM: ask, SIGHUP: ask });
  for (const [signal, listener] of listeners) terminal.signals.on(signal, listener);
  const timer = forMs === undefined ? undefined : clock.setTimeout(() => controller.abort(), forMs);
  return {
    signal: controller.signal,
    release() {
      for (const [signal, listener] of listeners) terminal.signals.off(signal, listener);
      clock.clearTimeout(timer);
    },
  };
}
