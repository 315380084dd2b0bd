import { pause } from '../cluster/patience.ts';
import { frameOfTexts } from './frame-text.ts';
import type { RedisChannel } from './redis-channel.ts';
import { listOf, RedisScript, textOf } from './redis-script.ts';

const READ_WAIT_MS = 1_000;
const POLL_MS = 10;
/** Larger answers, and renewals of leases behind them, would come too late again and again. All partitions share it. */
const LOOK_BYTES_MAX = 2 * 1024 ** 2;
/** Frames may turn out far larger than those before, and the answer has to come all the same. All that are asked share it. */
const LOOK_FRAMES_MAX = 64;

/**
 * ARGV for each stream: id, server. A reader that began on another server has to open again, and to look whether this
 * one has what it read. A stream that was emptied is still there.
 */
const CHECK = new RedisScript(`
local server = server_of()
for i = 2, #KEYS do
  local after, began_on = ARGV[2 * i - 2], ARGV[2 * i - 1]
  if began_on ~= server then return redis.error_reply('Redis was started again, or another server leads') end
  if after ~= '0-0' and redis.call('EXISTS', KEYS[i]) == 0 then
    return redis.error_reply('GONE ' .. KEYS[i] .. ' was removed')
  end
end
`);

/** An entry is ours if it has such a header: `parts_of` in Lua must agree. */
const HEAD = /^(\S+) (\S*) \d+ ((?:[\da-fA-F]{2})*)$/;

/** What a reader wants. */
export interface Ask {
  readonly partition: number;
  /** The id of an entry. */
  readonly after: string;
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
 * Looks for entries, with one command for all partitions that wait: a plain one, for what passes through a script costs Redis
 * thirty times as much. It counts on frames no larger than those before, and begins again with one when that fails. Nothing
 * blocks: a command that does would need a connection of its own, and clients leave it pending when that is cut.
 */
export class RedisPoll {
  readonly #channel: RedisChannel;
  readonly #waiting = new Set<Waiting>();
  #isPolling = false;
  /** Partitions of which the last look brought all that there was. */
  readonly #drained = new Set<number>();
  /** Partitions whose frames were asked for and have not come. */
  #asked = 0;
  /** How large a frame is taken to be: as the largest of the last look, or half of what was taken before. */
  #largest = LOOK_BYTES_MAX;

  constructor(channel: RedisChannel) {
    this.#channel = channel;
  }

  /** As soon as there are entries; none after a second. */
  async read(ask: Ask, signal: AbortSignal): Promise<readonly Entry[]> {
    let [entries = []] = this.#drained.has(ask.partition) ? [] : await this.#look([ask]);
    if (entries.length === 0 && !signal.aborted) entries = await this.#wait(ask, signal);
    if (entries.length === 0 && !signal.aborted) await this.#check([ask]);
    return entries;
  }

  #wait(ask: Ask, signal: AbortSignal): Promise<readonly Entry[]> {
    return new Promise((settle, fail) => {
      const until = this.#channel.clock.now() + READ_WAIT_MS;
      this.#waiting.add({ ask, until, signal, settle, fail });
      if (!this.#isPolling) void this.#pollAll();
    });
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
        for (const waiting of asked) if (this.#waiting.delete(waiting)) waiting.fail(error);
      }
    }
    this.#isPolling = false;
  }

  async #look(asks: readonly Ask[]): Promise<readonly (readonly Entry[])[]> {
    const channel = this.#channel;
    const share = LOOK_BYTES_MAX / (asks.length + this.#asked);
    let room = Math.min(LOOK_FRAMES_MAX / (1 + this.#asked), share / this.#largest);
    for (const { frames, bytes } of asks) room = Math.min(room, frames, bytes / this.#largest);
    const count = Math.max(1, Math.floor(room));
    const streams = asks.map(({ partition }) => channel.keys.stream(partition));
    const ids = asks.map(({ after }) => after);
    this.#asked += asks.length;
    for (const { partition } of asks) this.#drained.delete(partition);
    try {
      const reply = await channel.send(['XREAD', 'COUNT', String(count), 'STREAMS', ...streams, ...ids]);
      const found = entriesByPartition(reply);
      const answers = asks.map(({ partition }) => listOf(found.get(partition) ?? []));
      await this.#check(asks.filter((_, index) => answers[index]?.length !== 0));
      for (const [index, { partition }] of asks.entries())
        if ((answers[index]?.length ?? 0) < count) this.#drained.add(partition);
      const entries = answers.map((each) => each.map(entryOf));
      this.#largest = Math.max(1, this.#largest / 2);
      for (const { bytes } of entries.flat()) this.#largest = Math.max(this.#largest, bytes.length);
      return entries;
    } catch (error) {
      this.#largest = LOOK_BYTES_MAX;
      throw error;
    } finally {
      this.#asked -= asks.length;
    }
  }

  /** Throws when what these read does not count. */
  async #check(asks: readonly Ask[]): Promise<void> {
    if (asks.length === 0) return;
    const streams = asks.map(({ partition }) => this.#channel.keys.stream(partition));
    const args = asks.flatMap(({ after, server }) => [after, server]);
    await this.#channel.run(CHECK, streams, args);
  }
}

/**
 * By the partition at the end of the name of each stream, before which a client may put a prefix. RESP2 has pairs, and RESP3
 * a map: clients give a `Map`, an object or one list.
 */
function entriesByPartition(reply: unknown): ReadonlyMap<number, unknown> {
  const list: unknown[] = Array.isArray(reply) || reply instanceof Map ? [...reply] : Object.entries(Object(reply));
  const flat = Array.isArray(list[0]) ? list.flat() : list;
  const partitionAt = (index: number): number => Number(/\d+$/.exec(textOf(flat[index]))?.[0]);
  return new Map(flat.flatMap((entries, index) => (index % 2 === 1 ? [[partitionAt(index - 1), entries]] : [])));
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
