import type { Outcome } from '../core/outcome.ts';
import { untilAborted } from './until-aborted.ts';

/** How many messages of a source were taken in. */
export interface IntakeCount {
  readonly accepted: number;
  readonly rejected: number;
}

/** What gives messages, or arrays of them. */
export type Source = Iterable<unknown> | AsyncIterable<unknown>;

/** Offers all a source has, one message after the other. Ends with the source, or quietly with the signal. */
export async function consume(
  source: Source,
  offer: (message: unknown) => Promise<Outcome>,
  signal: AbortSignal | undefined,
): Promise<IntakeCount> {
  const count = { accepted: 0, rejected: 0 };
  try {
    for await (const element of signal === undefined ? source : untilAborted(source, signal)) {
      for (const message of Array.isArray(element) ? element : [element]) {
        const { status } = await offer(message);
        count[status] += 1;
      }
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
  return count;
}
