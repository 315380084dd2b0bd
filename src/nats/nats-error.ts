import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { PermissionViolationError, RequestError } from '@nats-io/transport-node';
import { SluiceError } from '../core/sluice-error.ts';

/** JetStream's code for a stream that has no room and discards nothing. */
const STORE_FAILED = 10077;
/** A limit of the server or of the account is reached, and not that of the stream. */
const NO_ROOM: ReadonlySet<number> = new Set([10002, 10023, 10028, 10047]);

export function isFull(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === STORE_FAILED;
}

/** What was to be replaced is not there any more, or is another one. */
export function isStale(error: unknown): boolean {
  const { StreamWrongLastSequence, StreamWrongLastSequenceUnknown } = JetStreamApiCodes;
  if (!(error instanceof JetStreamApiError)) return false;
  return error.code === StreamWrongLastSequence || error.code === StreamWrongLastSequenceUnknown;
}

/** Throws the error of a call about a stream; in words if the stream is not there. */
export function throwTold(error: unknown, what: string): never {
  if (error instanceof RequestError && error.cause instanceof PermissionViolationError)
    throw new SluiceError('refused', error.message);
  const name = error instanceof Error ? error.name : '';
  const gone = `${what} is not there: it was removed, or the server lost its files; start this process again`;
  if (error instanceof JetStreamApiError && NO_ROOM.has(error.code))
    throw new SluiceError('refused', `JetStream has no room left for ${what}: ${error.message}`);
  if (name === 'StreamNotFoundError') throw new SluiceError('refused', gone);
  if (name === 'TimeoutError') throw new Error(`the broker does not answer for ${what}`);
  if (name !== 'JetStreamNotEnabled') throw error;
  throw new Error(`nothing answers for ${what}: it is not there, or JetStream does not run`);
}
