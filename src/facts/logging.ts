import { shownChange } from '../config/diff.ts';
import type { Clock } from '../core/clock.ts';
import { contained } from '../core/contained.ts';
import { toError } from '../core/error-text.ts';
import { toPlain } from '../core/plain.ts';
import type { Bus } from './bus.ts';
import { causeInWords } from './chart-words.ts';
import { isRefusal } from './dead-letters.ts';
import type { Ending } from './ending.ts';
import type { RouterFacts } from './events.ts';
import { kindOf, rateLimit } from './rate-limit.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** The part of a pino logger that sluice uses; any logger of that shape will do. */
export interface Logger extends Record<Level, (fields: object, message: string) => void> {
  child(bindings: Record<string, unknown>): Logger;
}

/** What is used when the host gives no logger. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLogger };

/** Which facts are logged, and how loud. What comes with each batch is not: that is what metrics are for. */
const logged: Readonly<Record<Level, readonly (keyof RouterFacts)[]>> = {
  debug: ['channel.entered', 'source.entered', 'feed.entered', 'drain.progressed'],
  info: [
    ...(['router.entered', 'breaker.closed', 'stay.began', 'stay.ended', 'alert.cleared'] as const),
    ...(['config.applied', 'feed.gapClosed'] as const),
  ],
  warn: [
    ...(['channel.restarted', 'batch.failed', 'message.rejected', 'message.dropped', 'messages.held'] as const),
    ...(['breaker.opened', 'source.gap', 'alert.raised'] as const),
    ...(['feed.gap', 'feed.refused', 'feed.garbage', 'feed.backfillFailed'] as const),
  ],
  error: ['channel.gaveUp', 'source.gaveUp', 'message.deadLettered', 'config.rejected', 'callback.failed'],
};

/** In ten seconds so many lines of one kind. */
const KIND_MAX = 10;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Writes the facts of a bus to the host's logger; each channel has a child logger of its own. Of what traffic causes, the
 * first lines of each kind are written, and then how many more there were.
 */
export function logFacts(bus: Bus, logger: Logger, clock: Clock, ending: Ending): void {
  const children = new Map<string, Logger>();
  const loggerOf = (channel: unknown, state: unknown): Logger => {
    if (typeof channel !== 'string') return logger;
    const child = children.get(channel) ?? logger.child({ channel });
    // Only who enters states also comes to its end; what is told of a channel that is gone must not keep a logger.
    if (state === 'stopped') children.delete(channel);
    else if (state !== undefined) children.set(channel, child);
    return child;
  };
  const admits = rateLimit(KIND_MAX, clock, ending, ({ type, channel, about }, more, withinMs) => {
    loggerOf(channel, undefined)[levelOf(type, about)]({ ...about, more, withinMs }, moreText(type, more, withinMs));
  });
  const write = (type: keyof RouterFacts, fact: Fields): void => {
    // A broken logger that is used to say that it is broken would never end.
    if (fact.place === 'logger') return;
    // `message.rejected` says so; and conflation is what its channel is configured for, which metrics count.
    if ((type === 'message.deadLettered' && isRefusal(fact.reason)) || fact.reason === 'conflated') return;
    const child = loggerOf(fact.channel, type === 'channel.entered' ? fact.to : undefined);
    if (admits(kindOf(type, fact))) child[levelOf(type, fact)](fieldsOf(fact), type);
  };
  for (const type of Object.values(logged).flat()) bus.tap(type, (fact) => write(type, fact as Fields));
}

/** A partition that was lost, and a feed that has no connection, are louder than their likes. */
function levelOf(type: string, { how, to }: Fields): Level {
  if (how === 'lost' || (type === 'feed.entered' && to === 'waiting')) return 'warn';
  return (Object.keys(logged) as Level[]).find((level) => logged[level].some((name) => name === type)) ?? 'warn';
}

function moreText(what: string, more: number, withinMs: number): string {
  return `${what}: … and ${more.toLocaleString('en-US')} more in ${Math.ceil(withinMs / 1_000)} s`;
}

/** Writes of errors that traffic can cause and that are no facts, limited as those. */
export function limitedWarning(logger: Logger, clock: Clock, ending: Ending, text: string): (error: unknown) => void {
  const admits = rateLimit(KIND_MAX, clock, ending, (_, more, withinMs) =>
    logger.warn({ more, withinMs }, moreText(text, more, withinMs)),
  );
  return (error) => {
    if (admits({ type: text, channel: null, about: {} })) logger.warn({ err: toError(error) }, text);
  };
}

/** Without messages and without secrets; an error goes under `err`, where loggers expect an `Error`. */
function fieldsOf({ channel: _, message: _message, cause, error, changes, ...rest }: Fields): Fields {
  return {
    ...(toPlain(rest) as Fields),
    ...(typeof cause === 'string' && { cause: causeInWords(cause) }),
    ...(Array.isArray(changes) && { changes: changes.map(shownChange) }),
    ...(error !== undefined && { err: toError(error) }),
  };
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
