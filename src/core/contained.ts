/** A function of the host may route, and be called again by that; so often, one call inside the other, and no deeper. */
const NESTED_MAX = 32;

/**
 * Makes a function of the host harmless. What it throws goes to `failed`, and so does what its promise, or anything else
 * with a `then`, rejects with. It has then returned undefined. `failed` must not throw.
 */
export function contained<Args extends readonly unknown[], Result>(
  call: (...args: Args) => Result,
  failed: (error: unknown) => void,
): (...args: Args) => Result | undefined {
  const shallow = notNested(call);
  return (...args) => {
    try {
      const result = shallow(...args);
      watch(result, failed);
      return result;
    } catch (error) {
      failed(error);
      return undefined;
    }
  };
}

/** The same function; it throws when it brings about its own call again and again, before the stack overflows. */
export function notNested<Args extends readonly unknown[], Result>(
  call: (...args: Args) => Result,
): (...args: Args) => Result {
  let depth = 0;
  return (...args) => {
    if (depth === NESTED_MAX) throw new RangeError(`it brought about its own call ${NESTED_MAX} times`);
    depth += 1;
    try {
      return call(...args);
    } finally {
      depth -= 1;
    }
  };
}

/** Whether it will answer later. Even to look for a `then` runs code of the host's, which may throw. */
export function isThenable(result: unknown): result is PromiseLike<unknown> {
  return typeof (result as { then?: unknown } | null | undefined)?.then === 'function';
}

/** What a promise rejects with goes to `failed`: if nobody heard of it, that would end the process. */
export function watch(result: unknown, failed: (error: unknown) => void = () => {}): void {
  if (isThenable(result)) Promise.resolve(result).then(undefined, failed);
}
