import type { Reaction } from './router-rig.ts';

/** A call of `process` that settles when the test says so. */
export interface HeldCall {
  readonly reaction: Reaction;
  succeed(): void;
  fail(error?: unknown): void;
}

/** Makes one. To settle it before it was made does nothing. */
export function heldCall(): HeldCall {
  let resolve: () => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const reaction: Reaction = () =>
    new Promise((succeeded, failed) => {
      resolve = succeeded;
      reject = failed;
    });
  return { reaction, succeed: () => resolve(), fail: (error = new Error('sink failed')) => reject(error) };
}
