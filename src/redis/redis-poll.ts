import { pause } from '../cluster/patience.ts';
import { frameOfTexts } from './frame-text.ts';
import type { RedisChannel } from './redis-channel.ts';
import { listOf, RedisScript, textOf } from './redis-script.ts';

const READ_WAIT_MS = 1_000;
const POLL_MS = 10;
/**
 * An answer that holds all that has piled up would come too late, and so would the next one and the renewals of leases behind
 * it: nothing would ever be read. All partitions share it.
 */
const LOOK_BYTES_MAX = 2 * 1024 ** 2;

/** A reader that began on another server has to open again, and to look whether this one has what it read. */
const OTHER = "return redis.error_reply('Redis was started again, or another server leads')";
/** ARGV for each stream: first id, entries, bytes, server. */
const READ = new RedisScript(`
local function take(stream, from, count, bytes)
  local taken, size = {}, 0
  while true do
    local wanted = math.min(16, count - #taken)
    local entries = wanted > 0 and redis.call('XRANGE', stream, from, '+', 'COUNT', wanted) or {}
    for _, entry in ipairs(entries) do
      size = size + #(entry[2][4] or '')
      if #taken > 0 and size > bytes then return taken end
      taken[#taken + 1] = entry
      from = '(' .. entry[1]
    end
    if #entries < 16 then break end
  end
  -- One that was emptied is still there.
  if #taken == 0 and from ~= '1-0' and redis.call('EXISTS', stream) == 0 then return end
  return taken
end
local all, server = {}, server_of()
for i = 2, #KEYS do
  local at = (i - 2) * 4 + 2
  if ARGV[at + 3] ~= server then ${OTHER} end
  all[i - 1] = take(KEYS[i], ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]))
  if not all[i - 1] then return redis.error_reply('GONE ' .. KEYS[i] .. ' was removed') end
end
return all
`);

/** An entry is ours if it has such a header: `parts_of` in Lua must agree. */
const HEAD = /^(\S+) (\S*) \d+ ((?:[\da-fA-F]{2})*)$/;

/** What a reader wants. */
export interface Ask {
  readonly partition: number;
  readonly after: number;
  readonly frames: number;
  readonly bytes: number;
  /** Which server said what is at the position. */
  readonly server: string;
}

/** An entry of a stream. */
export interface Entry {
  readonly id: string;
  /** The frame, and the one before it; undefined: another program wrote the entry. */
  readonly frame: string | undefined;
  readonly after: string | undefined;
  /** Those of the frame, or the fields of another program as JSON. */
  readonly bytes: Uint8Array;
}

interface Waiting {
  readonly ask: Ask;
  readonly until: number;
  readonly signal: AbortSignal;
  readonly settle: (entries: readonly Entry[]) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Looks for entries, with one command for all partitions that wait. Nothing blocks: a command that does would need a
 * connection of its own, and clients leave it pending when that is cut.
 */
export class RedisPoll {
  readonly #channel: RedisChannel;
  readonly #waiting = new Set<Waiting>();
  #isPolling = false;
  /** Partitions whose frames were asked for and have not come. */
  #asked = 0;

  constructor(channel: RedisChannel) {
    this.#channel = channel;
  }

  /** As soon as there are entries; none after a second. */
  async read(ask: Ask, signal: AbortSignal): Promise<readonly Entry[]> {
    const [entries = []] = await this.#look([ask]);
    if (entries.length > 0 || signal.aborted) return entries;
    return new Promise((settle, fail) => {
      const until = this.#channel.clock.now() + READ_WAIT_MS;
      this.#waiting.add({ ask, until, signal, settle, fail });
      if (!this.#isPolling) void this.#pollAll();
    });
  }

  /**
   * As `read`, by a command that costs Redis half of what a script does. It counts on frames that are no larger than the
   * `largest` of those before. If they are far larger, the answer comes too late, and a new reader begins. What does not
   * follow at once may come from another server, or the channel is gone: the script sees that.
   */
  async readOn(ask: Ask, largest: number, signal: AbortSignal): Promise<readonly Entry[]> {
    const { partition, after, frames, bytes } = ask;
    const count = Math.max(1, Math.min(frames, Math.floor(Math.min(bytes, this.#share(1)) / largest)));
    const stream = this.#channel.keys.stream(partition);
    const reply = await this.#count(1, () =>
      this.#channel.send(['XRANGE', stream, `${after + 1}-0`, '+', 'COUNT', String(count)]),
    );
    const entries = listOf(reply).map(entryOf);
    const isNext = Number.parseInt(entries[0]?.id ?? '', 10) === after + 1;
    return isNext ? entries : this.read(ask, signal);
  }

  async #pollAll(): Promise<void> {
    const { clock } = this.#channel;
    this.#isPolling = true;
    while (this.#waiting.size > 0) {
      await pause(clock, POLL_MS);
      const asked = [...this.#waiting];
      try {
        const answers = await this.#look(asked.map(({ ask }) => ask));
        asked.forEach((waiting, index) => {
          const entries = answers[index] ?? [];
          if (entries.length === 0 && clock.now() < waiting.until && !waiting.signal.aborted) return;
          this.#waiting.delete(waiting);
          waiting.settle(entries);
        });
      } catch (error) {
        for (const waiting of asked) {
          this.#waiting.delete(waiting);
          waiting.fail(error);
        }
      }
    }
    this.#isPolling = false;
  }

  async #look(asks: readonly Ask[]): Promise<readonly (readonly Entry[])[]> {
    const keys = asks.map(({ partition }) => this.#channel.keys.stream(partition));
    const max = this.#share(asks.length);
    const argsOf = ({ after, frames, bytes, server }: Ask) => [`${after + 1}-0`, frames, Math.min(bytes, max), server];
    const answer = await this.#count(asks.length, () => this.#channel.run(READ, keys, asks.flatMap(argsOf)));
    return listOf(answer).map((entries) => listOf(entries).map(entryOf));
  }

  /** What one of so many partitions may have of the connection, beside those whose answers are on their way. */
  #share(partitions: number): number {
    return Math.ceil(LOOK_BYTES_MAX / (partitions + this.#asked));
  }

  async #count<Answer>(partitions: number, ask: () => Promise<Answer>): Promise<Answer> {
    this.#asked += partitions;
    try {
      return await ask();
    } finally {
      this.#asked -= partitions;
    }
  }
}

function entryOf(reply: unknown): Entry {
  const [id, list] = listOf(reply);
  const fields = listOf(list).map(textOf);
  const [name, text = '', second, body = ''] = fields;
  const [, frame, after, head] = HEAD.exec(text) ?? [];
  if (fields.length === 4 && name === 'sluice' && second === 'frame' && head !== undefined)
    return { id: textOf(id), frame, after, bytes: frameOfTexts(head, body) };
  return { id: textOf(id), frame: undefined, after: undefined, bytes: Buffer.from(JSON.stringify(fields)) };
}
