import { type NatsConnection, PermissionViolationError } from '@nats-io/transport-node';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';

/**
 * Listens to a connection until it is closed, and says why nothing comes through; undefined: it seems to be there. What
 * the user may not publish or subscribe is told to `onRefused`: who only publishes hears of it nowhere else.
 */
export function watchConnection(
  connection: NatsConnection,
  onRefused: (refusal: PermissionViolationError) => void,
): () => Error | undefined {
  let isCut = connection.info === undefined;
  let why = '';
  const listen = async (): Promise<void> => {
    for await (const { type, ...about } of connection.status()) {
      if (type === 'disconnect') isCut = true;
      const error = 'error' in about ? about.error : undefined;
      if (error instanceof PermissionViolationError) onRefused(error);
      else if (error !== undefined) why = `: ${errorText(error)}`;
      if (type !== 'reconnect') continue;
      isCut = false;
      why = '';
    }
  };
  listen().catch(() => {});
  return () => {
    if (connection.isClosed())
      return new SluiceError('refused', `the connection to NATS was closed${why}; it does not come back by itself`);
    return isCut ? new Error(`the connection to NATS is cut${why}`) : undefined;
  };
}
