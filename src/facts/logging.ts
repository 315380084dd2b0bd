import { contained } from '../core/contained.ts';
import { errorText } from '../core/error-text.ts';
import type { Bus } from './bus.ts';
import { causeInWords } from './chart-words.ts';
import type { RouterFacts } from './events.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** The part of a pino logger that sluice uses; any logger of that shape will do. */
export interface Logger extends Record<Level, (fields: object, message: string) => void> {
  child(bindings: Record<string, unknown>): Logger;
}

/** What is used when the host gives no logger. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLogger };

/** Which facts are logged, and how loud. What happens for each batch or message is not: that is what metrics are for. */
const logged: Readonly<Record<Level, readonly (keyof RouterFacts)[]>> = {
  debug: ['channel.entered', 'drain.progressed'],
  info: ['router.entered', 'breaker.closed', 'alert.cleared', 'config.applied'],
  warn: ['channel.restarted', 'batch.failed', 'message.dropped', 'messages.held', 'breaker.opened', 'alert.raised'],
  error: ['channel.gaveUp', 'config.rejected', 'callback.failed'],
};

/** Writes the facts of a bus to the host's logger; each channel has a child logger of its own, which goes with it. */
export function logFacts(bus: Bus, logger: Logger): void {
  const children = new Map<string, Logger>();
  const loggerOf = (channel: unknown, state: unknown): Logger => {
    if (typeof channel !== 'string') return logger;
    const child = children.get(channel) ?? logger.child({ channel });
    // Only who enters states also comes to its end; what is told of a channel that is gone must not keep a logger.
    if (state === 'stopped') children.delete(channel);
    else if (state !== undefined) children.set(channel, child);
    return child;
  };
  const write = (level: Level, type: keyof RouterFacts, fact: Record<string, unknown>): void => {
    const { channel, cause, error, ...rest } = fact;
    // A broken logger that is used to say that it is broken would never end.
    if (rest.place === 'logger') return;
    const fields = {
      ...rest,
      ...(typeof cause === 'string' && { cause: causeInWords(cause) }),
      ...(error !== undefined && { error: errorText(error) }),
    };
    loggerOf(channel, type === 'channel.entered' ? rest.to : undefined)[level](fields, type);
  };
  for (const [level, types] of Object.entries(logged) as [Level, (keyof RouterFacts)[]][])
    for (const type of types) bus.tap(type, (fact) => write(level, type, fact as Record<string, unknown>));
}

/** A logger whose exceptions are contained and counted: a log that fails must not stop the data. */
export function containLogger(logger: Logger, bus: Bus): Logger {
  const failed = (error: unknown): void => bus.fault('logger', error);
  const write = (level: Level) => contained((fields: object, text: string) => logger[level](fields, text), failed);
  const child = contained((bindings: Record<string, unknown>) => logger.child(bindings), failed);
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child(bindings) {
      const made = child(bindings);
      return made === undefined ? silentLogger : containLogger(made, bus);
    },
  };
}
