import { createHash } from 'node:crypto';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { RedisSend } from './redis-options.ts';

/** Scripts that may write while Redis has no memory left: without them nothing could be committed and removed. */
const ALSO_WHEN_FULL = '#!lua flags=allow-oom\n';
export const GONE = 'GONE the keys of the channel were removed, or it was made anew: start this process again';
/** The first key of each script, and its first argument: what was made under these keys when this process looked. */
const SAME_CHANNEL = `
if redis.call('HGET', KEYS[1], 'made') ~= ARGV[1] then
  return redis.error_reply('${GONE}')
end
`;
/** An entry as sluice writes it, or undefined: another program did. */
const PARTS_OF = `
local function parts_of(entry)
  local f = entry[2]
  if #f == 8 and f[1] == 'id' and f[3] == 'after' and f[5] == 'at' and f[7] == 'frame' then
    return { id = f[2], after = f[4], at = f[6], frame = f[8] }
  end
end
`;
const TAIL_OF = `
local function tail_of(stream)
  if redis.call('EXISTS', stream) == 0 then return '0-0' end
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end
`;

export type ScriptArgument = string | number | Buffer;

/** A Lua script, which Redis runs as one command. */
export class RedisScript {
  readonly #text: string;
  readonly #hash: string;

  constructor(body: string, { isRefusedWhenFull = false, isFirst = false } = {}) {
    const head = isRefusedWhenFull ? '#!lua\n' : ALSO_WHEN_FULL;
    this.#text = `${head}${PARTS_OF}${TAIL_OF}${isFirst ? '' : SAME_CHANNEL}${body}`;
    this.#hash = createHash('sha1').update(this.#text).digest('hex');
  }

  async run(send: RedisSend, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    const rest = [
      String(keys.length),
      ...keys,
      ...args.map((each) => (typeof each === 'number' ? String(each) : each)),
    ];
    try {
      return await send(['EVALSHA', this.#hash, ...rest]);
    } catch (error) {
      if (!errorText(error).includes('NOSCRIPT')) throw error;
      return await send(['EVAL', this.#text, ...rest]);
    }
  }
}

/** Throws what Redis answers, or a client for it; `refused` if it answers so until somebody does something. */
export function throwTold(error: unknown): never {
  const [text] = /\b(GONE|NOAUTH|NOPERM|READONLY|WRONGPASS) .*/.exec(errorText(error)) ?? [];
  throw text === undefined ? error : new SluiceError('refused', text);
}

/** A reply as text; some clients give bytes. */
export function textOf(reply: unknown): string {
  return reply instanceof Uint8Array ? Buffer.from(reply).toString() : String(reply);
}

export function listOf(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw new Error(`Redis answered ${typeof reply}, and not a list: send must resolve with the reply as it is`);
}
