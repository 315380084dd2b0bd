type Source = Iterable<unknown> | AsyncIterable<unknown>;

/** A source that ends with the signal, also while it is silent: nobody can make a pending `next` settle. */
export async function* untilAborted(source: Source, signal: AbortSignal): AsyncGenerator<unknown> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let isDone = false;
  try {
    while (!isDone) {
      const result = await nextOrAbort(iterator, signal);
      isDone = result.done === true;
      if (!isDone) yield result.value;
    }
  } finally {
    if (!isDone) closeLater(iterator);
  }
}

// A listener for each element: a promise that lives as long as the signal would keep all of them.
function nextOrAbort(
  iterator: Iterator<unknown> | AsyncIterator<unknown>,
  signal: AbortSignal,
): Promise<IteratorResult<unknown>> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    Promise.resolve(iterator.next())
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Lets the source release what it holds. It is not waited for: a silent generator closes after its next element. */
function closeLater(iterator: Iterator<unknown> | AsyncIterator<unknown>): void {
  Promise.resolve()
    .then(() => iterator.return?.())
    .catch(() => {});
}
