import { isMap } from '../config/field.ts';
import type { Clock } from '../core/clock.ts';
import { invalidOption } from '../core/sluice-error.ts';
import type { EventBus } from '../facts/bus.ts';
import type { Logger } from '../facts/logging.ts';
import type { RouterOptions } from './router-options.ts';

const LOGGER: readonly (keyof Logger)[] = ['debug', 'info', 'warn', 'error', 'child'];
const TIMERS = ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] as const;
const CLOCK: readonly (keyof Clock)[] = ['now', 'wallTime', ...TIMERS];

/**
 * Checks what the host gives a router to work with: what has another shape would fail at its first use, in the middle of
 * a change. Throws `SluiceError` `invalid-option`.
 */
export function checkGiven({ clock, events, logger, random, recognize = [], sources }: RouterOptions): void {
  if (logger !== undefined) checkMethods('logger must be a pino logger, or one with its methods', logger, LOGGER);
  if (clock !== undefined) checkMethods('clock must have the methods', clock, CLOCK);
  if (events !== undefined && !isBus(events))
    throw invalidOption('events must be a mitt bus: its handlers are a Map, all');
  if (random !== undefined && !isFunction(random)) throw invalidOption('random must be a function');
  if (sources !== undefined && !isMap(sources)) throw invalidOption('sources must be a plain map of names and sources');
  const rules: unknown = Array.isArray(recognize) ? recognize : (recognize as { rules?: unknown } | null)?.rules;
  const areRules = rules === undefined || (Array.isArray(rules) && rules.every(isFunction));
  if (!areRules) throw invalidOption('the rules of recognize must be a list of functions');
}

function checkMethods(what: string, given: object, names: readonly string[]): void {
  const missing = names.filter((name) => !isFunction((given as Readonly<Record<string, unknown>> | null)?.[name]));
  if (missing.length > 0) throw invalidOption(`${what} ${names.join(', ')}; it has no ${missing.join(', ')}`);
}

function isBus(events: unknown): events is EventBus {
  const { all } = (events ?? {}) as Partial<EventBus>;
  return typeof all?.size === 'number' && isFunction(all.get);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
