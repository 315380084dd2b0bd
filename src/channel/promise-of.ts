/** What `process` returned, if it is a promise; even to look for a `then` runs code of the host's. */
export function promiseOf(result: unknown): Promise<unknown> | undefined {
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== 'function') return undefined;
  // A promise of our own kind is taken as it is, as `Promise.resolve` would; asking here costs less.
  return result instanceof Promise && result.constructor === Promise ? result : Promise.resolve(result);
}
