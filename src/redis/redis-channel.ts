import { within } from '../cluster/patience.ts';
import { unlikelyName } from '../cluster/unlikely.ts';
import type { Clock } from '../core/clock.ts';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { RedisKeys } from './redis-keys.ts';
import type { RedisLayout, RedisSend } from './redis-options.ts';
import { GONE, listOf, RedisScript, type ScriptArgument, textOf, throwTold } from './redis-script.ts';
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
local answer = redis.call('HMGET', KEYS[1], 'made', 'partitions', 'hash')
for i = 2, #KEYS do answer[i + 2] = redis.call('TYPE', KEYS[i]).ok end
return answer
`,
  { isFirst: true },
);

/** One channel on one Redis, which every script finds as it was when it was prepared. */
export class RedisChannel {
  readonly name: string;
  readonly partitions: number;
  readonly keys: RedisKeys;
  readonly clock: Clock;
  readonly #send: RedisSend;
  /** Another channel of the same name, made after this one was removed, has another. */
  made = '';

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
    if (this.made === '') return Promise.reject(new SluiceError('not-running', 'the channel was not prepared'));
    const answer = script.run(this.#send, [this.keys.made, ...keys], [this.made, ...args]);
    return within(this.clock, ANSWER_MS, answer).catch(throwTold);
  }

  /** Sends a command that is no script. Rejects if the channel is not there after it: then the answer may be of another one. */
  async ask(command: Parameters<RedisSend>[0]): Promise<unknown> {
    const answers = Promise.all([this.#send(command), this.#send(['HGET', this.keys.made, 'made'])]);
    const [answer, made] = await within(this.clock, ANSWER_MS, answers).catch(throwTold);
    if (made === null || textOf(made) !== this.made) throw new SluiceError('refused', GONE);
    return answer;
  }

  async #mistakes(): Promise<readonly string[]> {
    const { isWritable, mistakes } = mistakesInServer(textOf(await this.#send(['INFO'])));
    if (!isWritable) return mistakes;
    // On a server that must not be used nothing is made.
    const name = mistakes.length === 0 ? unlikelyName() : '';
    const types = new Map([[this.keys.cells, 'hash']]);
    for (let partition = 0; partition < this.partitions; partition++)
      types.set(this.keys.stream(partition), 'stream').set(this.keys.end(partition), 'hash');
    const args = [name, this.partitions, HASH];
    const answer = listOf(await PREPARE.run(this.#send, [this.keys.made, ...types.keys()], args));
    return [...mistakes, ...this.#mistakesInKeys(answer, types)];
  }

  #mistakesInKeys([made, partitions, hash, ...found]: readonly unknown[], types: ReadonlyMap<string, string>) {
    if (textOf(made) === 'foreign') return [`${this.keys.made} is not a hash: another program uses this key`];
    if (made === null) return [];
    this.made = textOf(made);
    const mistakes = [...types].flatMap(([key, type], index) =>
      [type, 'none'].includes(textOf(found[index]))
        ? []
        : [`${key} is a ${textOf(found[index])} and must be a ${type}: another program uses this key`],
    );
    if (textOf(partitions) !== String(this.partitions))
      mistakes.push(`it was made for ${textOf(partitions)} partitions, and this process has ${this.partitions}`);
    if (textOf(hash) !== HASH) mistakes.push(`it was made with hash ${textOf(hash)}, and this process has ${HASH}`);
    return mistakes;
  }
}
