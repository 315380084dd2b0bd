import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';

/** JetStream's code for a stream that has no room and discards nothing. */
const STORE_FAILED = 10077;

export function isFull(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === STORE_FAILED;
}

/** What was to be replaced is not there any more, or is another one. */
export function isStale(error: unknown): boolean {
  const { StreamWrongLastSequence, StreamWrongLastSequenceUnknown } = JetStreamApiCodes;
  if (!(error instanceof JetStreamApiError)) return false;
  return error.code === StreamWrongLastSequence || error.code === StreamWrongLastSequenceUnknown;
}
