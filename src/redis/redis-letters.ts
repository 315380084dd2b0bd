import { createSystemClock } from '../adapters/system-clock.ts';
import { BrokerLetters, type LetterText, type LetterTexts } from '../cluster/broker-letters.ts';
import { checkWhole } from '../cluster/cluster-options.ts';
import { checkOptions } from '../config/options.ts';
import { errorText } from '../core/error-text.ts';
import type { LetterStore } from '../core/letter-store-port.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { RedisChannel } from './redis-channel.ts';
import { checkLayout, type RedisLetterOptions } from './redis-options.ts';
import { listOf, RedisScript, textOf } from './redis-script.ts';

/** About so many letters come with one answer. */
const BATCH = 200;
const MAX_LETTERS = 100_000;

/** ARGV: id, text, how many there may be. */
const ADD = new RedisScript(
  `
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 'there' end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 'full' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 'added'
`,
  { isRefusedWhenFull: true, isFirst: true },
);
/** ARGV: id, text that was read, text. */
const REPLACE = new RedisScript(
  `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 'stale' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 'replaced'
`,
  { isFirst: true },
);

/** Dead letters in a hash of Redis: the same for all processes. */
export function redisLetters(options: RedisLetterOptions): LetterStore {
  checkOptions('redisLetters', options, { send: true, channel: true, maxLetters: true });
  const { maxLetters = MAX_LETTERS } = options;
  const layout = { ...options, partitions: 1 };
  checkLayout(layout);
  checkWhole('maxLetters', maxLetters, 1);
  return new BrokerLetters(new RedisLetterTexts(new RedisChannel(layout, createSystemClock()), maxLetters));
}

class RedisLetterTexts implements LetterTexts {
  readonly #channel: RedisChannel;
  readonly #maxLetters: number;
  readonly #key: string;
  #isChecked = false;

  constructor(channel: RedisChannel, maxLetters: number) {
    this.#channel = channel;
    this.#maxLetters = maxLetters;
    this.#key = channel.keys.letters;
  }

  async count(): Promise<number> {
    return Number(await this.#channel.send(['HLEN', this.#key]));
  }

  async add(id: string, text: string): Promise<void> {
    await this.#check();
    const answer = await this.#run(ADD, [id, text, this.#maxLetters]).catch((error) => {
      if (!errorText(error).includes('OOM')) throw error;
      throw new SluiceError('store-full', 'Redis has no memory left', { cause: error });
    });
    if (textOf(answer) === 'full')
      throw new SluiceError('store-full', `${this.#key} has ${this.#maxLetters} dead letters (maxLetters): drop some`);
  }

  async read(id: string): Promise<LetterText | undefined> {
    const text = await this.#channel.send(['HGET', this.#key, id]);
    return text === null ? undefined : { text: textOf(text), revision: 0 };
  }

  /** What is there from the beginning to the end comes, perhaps twice. */
  async *readAll(): AsyncIterable<LetterText> {
    const seen = new Set<string>();
    let cursor = '0';
    do {
      const [next, entries] = listOf(await this.#channel.send(['HSCAN', this.#key, cursor, 'COUNT', String(BATCH)]));
      const texts = listOf(entries).map(textOf);
      for (let index = 0; index < texts.length; index += 2) {
        const [id = '', text = ''] = texts.slice(index, index + 2);
        if (!seen.has(id)) yield { text, revision: 0 };
        seen.add(id);
      }
      cursor = textOf(next);
    } while (cursor !== '0');
  }

  async replace(id: string, read: LetterText, text: string): Promise<boolean> {
    return textOf(await this.#run(REPLACE, [id, read.text, text])) === 'replaced';
  }

  async remove(ids: readonly string[]): Promise<number> {
    let removed = 0;
    for (let from = 0; from < ids.length; from += BATCH)
      removed += Number(await this.#channel.send(['HDEL', this.#key, ...ids.slice(from, from + BATCH)]));
    return removed;
  }

  /** A server that would lose letters is refused, as for a source. */
  async #check(): Promise<void> {
    if (this.#isChecked) return;
    const { mistakes } = await this.#channel.checkServer();
    if (mistakes.length > 0)
      throw new SluiceError('invalid-config', `letters cannot be kept in Redis:\n  ${mistakes.join('\n  ')}`);
    this.#isChecked = true;
  }

  #run(script: RedisScript, args: readonly (string | number)[]): Promise<unknown> {
    return script.run((command) => this.#channel.send(command), [this.#key], args);
  }
}
