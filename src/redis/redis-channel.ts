import { within } from '../cluster/patience.ts';
import { unlikelyName } from '../cluster/unlikely.ts';
import type { Clock } from '../core/clock.ts';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { RedisKeys } from './redis-keys.ts';
import type { RedisLayout, RedisSend } from './redis-options.ts';
import { listOf, RedisScript, type ScriptArgument, textOf, throwTold } from './redis-script.ts';
import { mistakesInServer } from './server-settings.ts';

/** A client's promise may never settle after its connection was cut. */
const ANSWER_MS = 2_000;
const PREPARE_MS = 10_000;
/** FNV-1a of 32 bits over UTF-8, modulo the number of partitions. */
const HASH = 'fnv1a32';

/** ARGV: a name for what is made now, or nothing; partitions; hash. */
const PREPARE = new RedisScript(
  `
local type_of = redis.call('TYPE', KEYS[1]).ok
if type_of ~= 'hash' and type_of ~= 'none' then return { 'foreign' } end
if type_of == 'none' and ARGV[1] ~= '' then
  redis.call('HSET', KEYS[1], 'made', ARGV[1], 'partitions', ARGV[2], 'hash', ARGV[3])
end
return redis.call('HMGET', KEYS[1], 'made', 'partitions', 'hash')
`,
  { isFirst: true },
);

/** One channel on one Redis, which every script finds as it was when it was prepared. */
export class RedisChannel {
  readonly name: string;
  readonly partitions: number;
  keys: RedisKeys;
  readonly clock: Clock;
  readonly #send: RedisSend;

  constructor({ send, channel, partitions }: RedisLayout, clock: Clock) {
    this.name = channel;
    this.partitions = partitions;
    this.keys = new RedisKeys(channel);
    this.clock = clock;
    this.#send = send;
  }

  /** Makes the channel if it is missing, and checks it and the server. Rejects with every mistake at once. */
  async prepare(): Promise<void> {
    const mistakes = await within(this.clock, PREPARE_MS, this.#mistakes()).catch((error) => {
      throw new SluiceError('refused', `Redis cannot be used: ${errorText(error)}`, { cause: error });
    });
    if (mistakes.length > 0)
      throw new SluiceError('invalid-config', `channel ${this.name} cannot be used:\n  ${mistakes.join('\n  ')}`);
  }

  /** Runs a script on the keys beside that of the channel. Rejects when the outcome is unknown, or the channel is gone. */
  run(script: RedisScript, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    const { made, log } = this.keys;
    if (log === '') return Promise.reject(new SluiceError('not-running', 'the channel was not prepared'));
    return within(this.clock, ANSWER_MS, script.run(this.#send, [made, ...keys], [log, ...args])).catch(throwTold);
  }

  /** Sends a command that is no script, and that does not see whether the channel is gone. */
  send(command: Parameters<RedisSend>[0]): Promise<unknown> {
    return within(this.clock, ANSWER_MS, this.#send(command)).catch(throwTold);
  }

  async checkServer() {
    return mistakesInServer(textOf(await this.send(['INFO'])));
  }

  async #mistakes(): Promise<readonly string[]> {
    const { isWritable, mistakes } = await this.checkServer();
    if (!isWritable) return mistakes;
    // On a server that must not be used nothing is made.
    const name = mistakes.length === 0 ? unlikelyName() : '';
    const answer = listOf(await PREPARE.run(this.#send, [this.keys.made], [name, this.partitions, HASH]));
    const [made, partitions, hash] = answer.map(textOf);
    if (made === 'foreign') return [...mistakes, `${this.keys.made} is not a hash: another program uses this key`];
    if (answer[0] === null) return mistakes;
    this.keys = new RedisKeys(this.name, made);
    if (partitions !== String(this.partitions))
      mistakes.push(`it was made for ${partitions} partitions, and this process has ${this.partitions}`);
    if (hash !== HASH) mistakes.push(`it was made with hash ${hash}, and this process has ${HASH}`);
    return mistakes;
  }
}
