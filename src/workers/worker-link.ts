import type { Reading } from '../metrics/reading.ts';

/** What a worker is asked. Other messages on the channel are the host's. */
export const QUESTION = 'sluice.read';

/** What a worker says: at first, and each time it is asked. */
export interface WorkerAnswer {
  readonly kind: 'sluice.reading';
  readonly reading: Reading;
}

export function isAnswer(message: unknown): message is WorkerAnswer {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'sluice.reading';
}
