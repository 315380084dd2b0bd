import type { ChannelConfig } from '../config/schema.ts';
import { keyReader } from '../core/symbol.ts';
import type { Services } from './services.ts';

/** Reads the key of each message of a channel, once, from the message as it came. A key that is missing is a fault. */
export class MessageKeys {
  /** The partition of a message depends on its key. */
  readonly choosePartition: boolean;
  /** Reads a key that may be missing; '': it is. */
  readonly read: (message: unknown) => string;
  readonly #services: Services;
  readonly #channel: string;
  readonly #by: ChannelConfig['partitionBy'];
  #error: Error | undefined;
  #hasFailed = false;
  /** How many messages came without the key that their partition or `conflate` depends on. */
  missing: number;
  /** When the last of them came, in ms on the clock; -Infinity: none did. */
  missingAt: number;

  /** `before`: the keys of the same channel before a reload; its counts go on. */
  constructor({ name, partitionBy, partitions }: ChannelConfig, services: Services, before?: MessageKeys) {
    const isKey = partitionBy !== 'round-robin' && partitionBy !== 'least-loaded';
    const by = isKey ? partitionBy : 'sym';
    this.choosePartition = isKey && partitions > 1;
    this.#services = services;
    this.#channel = name;
    this.missing = before?.missing ?? 0;
    this.missingAt = before?.missingAt ?? Number.NEGATIVE_INFINITY;
    this.#by = by;
    this.read = keyReader(by, (error) => {
      this.#hasFailed = true;
      services.bus.fault('key', error, name);
    });
  }

  /** Reads a key that something depends on. */
  require(message: unknown): string {
    this.#hasFailed = false;
    const key = this.read(message);
    if (key !== '') return key;
    this.missing += 1;
    this.missingAt = this.#services.clock.now();
    // One for all messages: to note where an error was made costs more than to take a message in.
    this.#error ??= missingKey(this.#by);
    if (!this.#hasFailed) this.#services.bus.fault('key', this.#error, this.#channel);
    return key;
  }
}

function missingKey(by: ChannelConfig['partitionBy']): Error {
  const names = by === 'sym' ? 'sym, pair, symbol or ticker' : `'${String(by)}'`;
  const error = new TypeError(typeof by === 'string' ? `the message has no key ${names}` : 'partitionBy gave no key');
  // What stands on the stack now would be kept as long as the channel, and it shows only who routed the first such message.
  error.stack = `${error}`;
  return error;
}
