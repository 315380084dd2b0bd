/** A source that ends with the signal, also while it is silent: nobody can make a pending `next` settle. */
export async function* untilAborted(
  source: Iterable<unknown> | AsyncIterable<unknown>,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let isDone = false;
  let interrupt = (): void => {};
  const abort = (): void => interrupt();
  signal.addEventListener('abort', abort, { once: true });
  // One listener for all elements. A promise that lives as long as the signal would keep all of them.
  const next = (): Promise<IteratorResult<unknown>> =>
    new Promise((resolve, reject) => {
      interrupt = () => reject(signal.reason);
      if (signal.aborted) return interrupt();
      Promise.resolve(iterator.next()).then(resolve, reject);
    });
  try {
    while (!isDone) {
      const result = await next();
      // As `for await` says; what is never done would be asked for ever.
      if (typeof result !== 'object' || result === null)
        throw new TypeError('the source gave no result of an iterator');
      isDone = result.done === true;
      if (!isDone) yield result.value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    if (!isDone) closeLater(iterator);
  }
}

/** Lets the source release what it holds. It is not waited for: a silent generator closes after its next element. */
function closeLater(iterator: Iterator<unknown> | AsyncIterator<unknown>): void {
  Promise.resolve()
    .then(() => iterator.return?.())
    .catch(() => {});
}
