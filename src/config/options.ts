import { setMaxListeners } from 'node:events';
import { invalidOption } from '../core/sluice-error.ts';
import { nearest } from './mistakes.ts';

/** The names of all options of a function; the compiler sees that none is missing. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/** Throws `invalid-option` for an option that the function does not have, naming the nearest, and for a bad `signal`. */
export function checkOptions<Options extends object>(
  functionName: string,
  options: Options,
  known: OptionNames<Options>,
): void {
  if (typeof options !== 'object' || options === null)
    throw invalidOption(`${functionName} takes an object of options, got ${String(options)}`);
  for (const name in options) {
    if (name === 'signal') checkSignal(functionName, options[name as keyof Options]);
    if (Object.hasOwn(known, name)) continue;
    const near = nearest(name, Object.keys(known));
    const hint = near === undefined ? `it takes ${Object.keys(known).join(', ')}` : `did you mean '${near}'?`;
    throw invalidOption(`${functionName}: unknown option '${name}'; ${hint}`);
  }
}

/** What a signal that has aborted was aborted with; older ones do not say. */
export function abortReason({ reason }: AbortSignal): unknown {
  return reason ?? new DOMException('The operation was aborted', 'AbortError');
}

/** Throws what a signal that has aborted was aborted with. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortReason(signal);
}

/**
 * Calls when the signal aborts, at once if it has; returns what ends that. What a signal throws when it is let go is
 * nobody's: it would break off a delivery or a reload.
 */
export function whenAborted(signal: AbortSignal, call: () => void): () => void {
  // Node takes more than ten listeners for a leak; each of these is let go.
  if (signal instanceof AbortSignal) setMaxListeners(0, signal);
  signal.addEventListener('abort', call, { once: true });
  if (signal.aborted) call();
  return () => {
    try {
      signal.removeEventListener('abort', call);
    } catch {
      // It is not heard any more.
    }
  };
}

/** A signal is known by what it can do: those of another realm, or of a library, are as good as Node's own. */
function checkSignal(functionName: string, signal: unknown): void {
  if (signal === undefined) return;
  // A claim that the checks below verify.
  const { aborted, addEventListener, removeEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  const methods = [addEventListener, removeEventListener];
  const isSignal = typeof aborted === 'boolean' && methods.every((each) => typeof each === 'function');
  if (!isSignal) throw invalidOption(`${functionName}: signal must be an AbortSignal`);
}
