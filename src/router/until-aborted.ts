type Source = Iterable<unknown> | AsyncIterable<unknown>;

/** A source that ends with the signal, also while it is silent: nobody can make a pending `next` settle. */
export async function* untilAborted(source: Source, signal: AbortSignal): AsyncGenerator<unknown> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  try {
    for (;;) {
      const { done, value } = await nextOrAbort(iterator, signal);
      if (done === true) return;
      yield value;
    }
  } finally {
    // Lets the source release what it holds. Not waited for: a silent generator closes after its next element.
    const closed = (async () => iterator.return?.())();
    closed.catch(() => {});
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
    const next = (async () => iterator.next())();
    next.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
