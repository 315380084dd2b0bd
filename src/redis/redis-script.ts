import { createHash } from 'node:crypto';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { RedisSend } from './redis-options.ts';

/** Scripts that may write while Redis has no memory left: without them nothing could be committed and removed. */
const ALSO_WHEN_FULL = '#!lua flags=allow-oom\n';
const GONE = 'GONE the keys of the channel were removed, or it was made anew: start this process again';
/** The first key of each script, and its first argument: what was made under these keys when this process looked. */
const SAME_CHANNEL = `
if redis.call('HGET', KEYS[1], 'made') ~= ARGV[1] then
  return redis.error_reply('${GONE}')
end
`;
const FUNCTIONS = `
-- An entry as sluice writes it, or nothing: another program did.
local function parts_of(entry)
  local f = entry[2]
  if #f ~= 4 or f[1] ~= 'sluice' or f[3] ~= 'frame' then return end
  local id, at, head = string.match(f[2], '^(%S+) %S* (%d+) (%x*)$')
  return id and #head % 2 == 0 and { id = id, at = at, size = #head + #f[4] } or nil
end
-- What Redis says of a stream, and the last position that was ever given.
local function info_of(stream)
  local info = { ['last-generated-id'] = '0-0' }
  local list = redis.call('EXISTS', stream) == 1 and redis.call('XINFO', 'STREAM', stream) or {}
  for i = 1, #list, 2 do info[list[i]] = list[i + 1] end
  return info, tonumber(string.match(info['last-generated-id'], '^%d+'))
end
-- The first entry of sluice in this direction: the entries of other programs do not say how many bytes there are. Behind
-- very many of them it is not looked for, which would hold Redis up: nothing, and true.
local function nearest(command, stream, from, to)
  for _ = 1, 1000 do
    local entry = redis.call(command, stream, from, to, 'COUNT', 1)[1]
    local parts = entry and parts_of(entry)
    if parts or not entry then return parts end
    from = '(' .. entry[1]
  end
  return nil, true
end
-- Another one after a restart or a failover, which may have taken away what was acknowledged; '': it does not say.
local function server_of()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or ''
end
`;

/** Positions are whole numbers of JavaScript and of Lua. */
export const HAS_NO_NEXT =
  'has an entry of another program above 2^53, behind which nothing can be written: remove it with XDEL, and set the end back with XSETID';

export type ScriptArgument = string | number | Buffer;

/** A Lua script, which Redis runs as one command. */
export class RedisScript {
  readonly #text: string;
  readonly #hash: string;

  constructor(body: string, { isRefusedWhenFull = false, isFirst = false } = {}) {
    const head = isRefusedWhenFull ? '#!lua\n' : ALSO_WHEN_FULL;
    this.#text = `${head}${FUNCTIONS}${isFirst ? '' : SAME_CHANNEL}${body}`;
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
      if (!errorText(error).includes('NOSCRIPT')) throw this.#named(error);
    }
    return send(['EVAL', this.#text, ...rest]).catch((error) => {
      throw this.#named(error);
    });
  }

  /** Of a command in a script that the user may not run Redis tells the line, and nothing where the script expects a failure. */
  #named(error: unknown): unknown {
    const text = errorText(error);
    if (!text.includes("can't run this command")) return error;
    const at = Number(/user_script:(\d+)/.exec(text)?.[1]);
    const line =
      this.#text.split('\n').find((each, index) => (at > 0 ? index === at - 1 : each.includes('pcall'))) ?? '';
    const commands = [...line.matchAll(/call\('(\w+)/g)].map(([, command]) => command).join(' or ');
    return new Error(`NOPERM this user has no permissions to run ${commands || 'a command'} in a script of sluice`);
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
