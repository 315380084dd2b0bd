import { open } from 'node:fs/promises';
import { defineChannel } from 'sluice';

/** Appends each message as a line of JSON. A batch has succeeded when it is on disk. */
export function appendTo(path) {
  return defineChannel({
    create() {
      let file;
      return {
        async warmUp() {
          file = await open(path, 'a');
        },
        async process(batch) {
          await file.write(`${batch.map((message) => JSON.stringify(message)).join('\n')}\n`);
          await file.datasync();
        },
        close: () => file?.close(),
      };
    },
  });
}

/** Posts each batch as a list. What the receiver answers decides whether it comes again. */
export function postTo(url) {
  return defineChannel({
    async process(batch, { signal }) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(batch),
        signal,
      });
      await response.body?.cancel();
      if (response.ok) return;
      const isOurFault = response.status >= 400 && response.status < 500 && ![408, 429].includes(response.status);
      throw Object.assign(new Error(`${url} answered ${response.status}`), {
        retryable: !isOurFault,
        retryAfterMs: response.headers.get('retry-after') ?? undefined,
      });
    },
  });
}
