import { errorText } from '../core/error-text.ts';
import { causeInWords } from '../facts/cause-words.ts';
import type { Bus } from './bus.ts';
import type { RouterFacts } from './events.ts';
import { type Logger, silentLogger } from './logger.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Which facts are logged, and how loud. What happens for each batch or message is not: that is what metrics are for. */
const levels: Partial<Record<keyof RouterFacts, Level>> = {
  'router.entered': 'info',
  'channel.entered': 'debug',
  'channel.restarted': 'warn',
  'channel.gaveUp': 'error',
  'batch.failed': 'warn',
  'message.dropped': 'warn',
  'breaker.opened': 'warn',
  'breaker.closed': 'info',
  'alert.raised': 'warn',
  'alert.cleared': 'info',
  'config.applied': 'info',
  'config.rejected': 'error',
  'drain.progressed': 'debug',
  'callback.failed': 'error',
};

/** Writes the facts of a bus to the host's logger; each channel has a child logger of its own. */
export function logFacts(bus: Bus, logger: Logger): void {
  const children = new Map<string, Logger>();
  const loggerOf = (channel: unknown): Logger => {
    if (typeof channel !== 'string') return logger;
    let child = children.get(channel);
    if (child === undefined) {
      child = logger.child({ channel });
      children.set(channel, child);
    }
    return child;
  };
  for (const [type, level] of Object.entries(levels) as [keyof RouterFacts, Level][]) {
    bus.tap(type, (fact) => {
      const { channel, cause, error, ...rest } = fact as Record<string, unknown>;
      // Telling a broken logger that it is broken would never end.
      if (rest.place === 'logger') return;
      const fields = {
        ...rest,
        ...(typeof cause === 'string' && { cause: causeInWords(cause) }),
        ...(error !== undefined && { error: errorText(error) }),
      };
      loggerOf(channel)[level](fields, type);
    });
  }
}

/** A logger whose exceptions are contained and counted: a log that fails must not stop the data. */
export function containLogger(logger: Logger, bus: Bus): Logger {
  const contain = <Args extends unknown[]>(write: (...args: Args) => void) => {
    return (...args: Args): void => {
      try {
        write(...args);
      } catch (error) {
        bus.fault('logger', error);
      }
    };
  };
  return {
    debug: contain((fields, message) => logger.debug(fields, message)),
    info: contain((fields, message) => logger.info(fields, message)),
    warn: contain((fields, message) => logger.warn(fields, message)),
    error: contain((fields, message) => logger.error(fields, message)),
    child(bindings) {
      try {
        return containLogger(logger.child(bindings), bus);
      } catch (error) {
        bus.fault('logger', error);
        return silentLogger;
      }
    },
  };
}
