import { join } from 'node:path';
import { inspect } from 'node:util';
import { writeWhole } from '../adapters/write-whole.ts';
import { shownChange } from '../config/diff.ts';
import { checkOptions } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { errorText } from '../core/error-text.ts';
import { Mailbox } from '../core/mailbox.ts';
import { maskText, shownAt } from '../core/plain.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import type { Bus } from '../facts/bus.ts';
import type { Ending } from '../facts/ending.ts';
import type { RouterEvents } from '../facts/events.ts';
import { kindOf, rateLimit } from '../facts/rate-limit.ts';

/** What a router's flight recorder keeps, and where it writes. */
export interface RecorderOptions {
  /** Where the files are written. The directory must exist, and belongs to one router. */
  readonly directory: string;
  /** How many of the last facts are kept, from 1 to 1,000,000. Default: 10,000. */
  readonly facts?: number;
  /** How many of the last messages are kept, from 0 to 1,000,000. Default: 0. */
  readonly messages?: number;
}

const FACTS = 10_000;
const COUNT_MAX = 1_000_000;
const LINES = 100;
/** Facts that single messages cause: of each kind so many are kept in ten seconds, and then how many more there were. */
const CAUSED_BY_MESSAGES = [
  ...['message.rejected', 'message.dropped', 'message.deadLettered', 'callback.failed'],
  ...['feed.gap', 'feed.garbage', 'feed.refused'],
];
const KIND_MAX = 100;
/** After one automatic record there is no other for so many ms. */
const APART_MS = 60_000;

/** Throws `SluiceError` `invalid-option` when something is wrong with the options. */
export function checkRecorder(options: RecorderOptions): void {
  checkOptions('recorder', options, { directory: true, facts: true, messages: true });
  const { directory, facts = FACTS, messages = 0 } = options;
  const isCount = (count: number, min: number) => Number.isInteger(count) && count >= min && count <= COUNT_MAX;
  if (typeof directory === 'string' && directory !== '' && isCount(facts, 1) && isCount(messages, 0)) return;
  const expected = 'recorder takes a directory, facts from 1 to 1,000,000 and messages from 0 to 1,000,000';
  throw invalidOption(`${expected}, got ${inspect({ directory, facts, messages })}`);
}

/** Keeps the last facts and messages of a router in memory, and writes them to files when something goes wrong. */
export class FlightRecorder {
  readonly #directory: string;
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #facts: Mailbox<object>;
  readonly #messages: Mailbox;
  readonly #admits: ReturnType<typeof rateLimit>;
  #automaticFrom = Number.NEGATIVE_INFINITY;
  #namedAt = 0;
  /** One record is written after the other. */
  #written: Promise<unknown> = Promise.resolve();

  constructor({ directory, facts = FACTS, messages = 0 }: RecorderOptions, bus: Bus, clock: Clock, ending: Ending) {
    this.#directory = directory;
    this.#bus = bus;
    this.#clock = clock;
    this.#facts = new Mailbox(facts);
    this.#messages = new Mailbox(messages);
    this.#admits = rateLimit(KIND_MAX, clock, ending, ({ type, channel, about }, more, withinMs) =>
      this.#keepFact(type, { channel, ...about, more, withinMs }),
    );
    bus.tapAll((type, fact) => this.#heard(type, fact));
    bus.tap('alert.raised', ({ alert, channel }) => this.#writeSoon(`alert ${alert} of ${channel ?? 'the router'}`));
    bus.tap('channel.entered', ({ channel, to }) => to === 'failed' && this.#writeSoon(`channel ${channel} failed`));
  }

  get keepsMessages(): boolean {
    return this.#messages.capacity > 0;
  }

  keepMessage(message: unknown): void {
    keep(this.#messages, message);
  }

  /** Writes what is kept now. A caller that ignores the promise gets no unhandled rejection. */
  write(reason: string): Promise<readonly string[]> {
    this.#keepFact('record.asked', { reason });
    // Two records of the same millisecond must not have the same name.
    this.#namedAt = Math.max(this.#clock.wallTime(), this.#namedAt + 1);
    const path = join(this.#directory, new Date(this.#namedAt).toISOString().replaceAll(':', '-'));
    const files = { [`${path}.facts.ndjson`]: linesOf(all(this.#facts), shownAt) };
    // `sluice replay` reads a list as several messages, so a message that is a list stands in another one.
    const messages = all(this.#messages).map((message) => (Array.isArray(message) ? [message] : message));
    if (this.keepsMessages) files[`${path}.messages.ndjson`] = linesOf(messages, (_path, value) => value);
    const written = this.#written
      .then(() => writeWhole(files))
      .catch((cause: unknown) => {
        const text = `the record cannot be written to '${this.#directory}': ${errorText(cause)}`;
        throw new SluiceError('refused', text, { cause });
      });
    this.#written = written.catch(() => {});
    return written;
  }

  /** What comes with every batch, and all that messages cause, would push the other facts out. */
  #heard<Type extends keyof RouterEvents>(type: Type, fact: RouterEvents[Type]): void {
    if (type === 'event' || type === 'batch.flushed') return;
    const fields = fact as unknown as Readonly<Record<string, unknown>>; // Each fact is a plain object.
    if (CAUSED_BY_MESSAGES.includes(type) && !this.#admits(kindOf(type, fields))) return;
    const { changes } = fields;
    this.#keepFact(type, Array.isArray(changes) ? { ...fields, changes: changes.map(shownChange) } : fact);
  }

  #keepFact(type: string, fact: object): void {
    keep(this.#facts, { at: new Date(this.#clock.wallTime()), type, fact });
  }

  /** In the next turn of the event loop: what follows at once from the reason belongs to the record. */
  #writeSoon(reason: string): void {
    if (this.#clock.now() < this.#automaticFrom) return;
    this.#automaticFrom = this.#clock.now() + APART_MS;
    this.#clock.setImmediate(() => {
      this.write(reason).catch((error: unknown) => this.#bus.fault('recorder', error));
    });
  }
}

/** A mailbox as a ring: the oldest goes. */
function keep<Item>(ring: Mailbox<Item>, item: Item): void {
  if (ring.isFull) ring.shift();
  ring.push(item, 0, 0);
}

function all<Item>(ring: Mailbox<Item>): readonly Item[] {
  return Array.from({ length: ring.size }, (_, offset) => ring.messageOf(offset));
}

/**
 * Some lines at a time, made while the file is written: the event loop gets its turns between them. `shown`: facts hide what
 * is named like a secret, and messages stay whole, to be replayed.
 */
function* linesOf(items: readonly unknown[], shown: typeof shownAt): Generator<string> {
  for (let start = 0; start < items.length; start += LINES)
    yield `${items
      .slice(start, start + LINES)
      .map((item) => toJson(item, shown))
      .join('\n')}\n`;
}

/** A value as JSON. A bigint, an error and a circle become strings in their place; else the whole value does. */
function toJson(value: unknown, shown: typeof shownAt): string {
  const outer: unknown[] = [];
  const plain = function (this: unknown, key: string, field: unknown): unknown {
    // `this` is the object that holds `field`; what was added after `this` is complete.
    outer.length = outer.lastIndexOf(this) + 1;
    const inner = shown([key], field);
    if (typeof inner === 'bigint') return String(inner);
    if (inner instanceof Error) return storyOf(inner);
    if (outer.includes(inner)) return '[circular]';
    outer.push(inner);
    return inner;
  };
  try {
    return JSON.stringify(value, plain) ?? 'null';
  } catch {
    return JSON.stringify(inspect(value, { depth: 5, customInspect: false }));
  }
}

/** Where it was thrown, and all that led to it. */
function storyOf(error: Error): string {
  const { stack, cause, errors } = error as Error & { readonly errors?: unknown };
  const text = errorText(error);
  if (stack === undefined) return text;
  return maskText(cause === undefined && errors === undefined ? stack : `${stack}\n${text}`);
}
