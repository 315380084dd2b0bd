import * as lmdb from 'lmdb';
import { type Header, type Node, PageDamage, PageFile } from './page-file.ts';

type Key = lmdb.Key;

// The package exports them without a type.
const { bufferToKeyValue, keyValueToBuffer } = lmdb as unknown as {
  bufferToKeyValue(bytes: Buffer): Key;
  keyValueToBuffer(key: Key): Buffer;
};

/** One database at one moment. */
export interface Tree<V, K> {
  get(key: K): V | undefined;
  getRange(range: {
    readonly start?: K;
    readonly reverse?: boolean;
    readonly limit: number;
  }): Iterable<{ readonly key: K; readonly value: V }>;
  getStats(): object;
}

/** What lmdb-js writes before each value of a database with versions. */
const VERSION_BYTES = 8;
/** `md_entries` in `MDB_db`. */
const ENTRIES_AT = 32;
const DEPTH_MAX = 32;

/**
 * Reads the newest state of an LMDB file without LMDB. To open it with LMDB would set the number of the last transaction
 * in the memory that processes share (`mdb_env_open2` in mdb.c of lmdb 3.5), and the next commit of the process that has
 * the journal may then replace the one before it; closing it may destroy the locks.
 *
 * LMDB writes over a page of this state no sooner than in the third transaction after it. Throws `PageDamage`.
 */
export function readSnapshot<T>(path: string, read: (snapshot: Snapshot) => T): T {
  const file = new PageFile(path);
  try {
    for (;;) {
      const header = file.header();
      const isTorn = (): boolean => file.header().transaction > header.transaction + 1;
      try {
        const result = read(new Snapshot(file, header));
        if (!isTorn()) return result;
      } catch (error) {
        if (!isTorn()) throw error;
      }
    }
  } finally {
    file.close();
  }
}

/** The databases of a file at one moment. */
export class Snapshot {
  readonly #file: PageFile;
  readonly #header: Header;

  constructor(file: PageFile, header: Header) {
    this.#file = file;
    this.#header = header;
  }

  /** A database whose values are JSON, with a version before each or without. */
  json<K extends Key>(name: string, hasVersions = false): Tree<unknown, K> {
    const start = hasVersions ? VERSION_BYTES : 0;
    return this.#tree(name, (bytes) => JSON.parse(bytes.toString('utf8', start)));
  }

  binary<K extends Key>(name: string): Tree<Buffer, K> {
    return this.#tree(name, (bytes) => bytes);
  }

  #tree<V, K extends Key>(name: string, decode: (bytes: Buffer) => V): Tree<V, K> {
    const key = Buffer.from(`${name}\0`);
    const [database] = [...this.#nodes(this.#header.databases, key, false)].filter((each) => each.key.equals(key));
    const entryCount = Buffer.isBuffer(database?.value) ? Number(database.value.readBigUInt64LE(ENTRIES_AT)) : 0;
    const nodes = (start: Buffer, isReverse: boolean) => this.#nodes(database?.root, start, isReverse);
    const contentOf = ({ value }: Node): V => decode(this.#bytesOf(value));
    return {
      get(wanted) {
        const start = keyValueToBuffer(wanted);
        for (const each of nodes(start, false)) return each.key.equals(start) ? contentOf(each) : undefined;
        return undefined;
      },
      *getRange({ start, reverse = false, limit }) {
        const from = start === undefined ? Buffer.alloc(reverse ? 1 : 0, 0xff) : keyValueToBuffer(start);
        let left = limit;
        for (const each of nodes(from, reverse)) {
          if (left-- <= 0) return;
          // Only keys of this type are in this database.
          yield { key: bufferToKeyValue(each.key) as K, value: contentOf(each) };
        }
      },
      getStats: () => ({ entryCount }),
    };
  }

  #bytesOf(value: Node['value']): Buffer {
    if (value === undefined) throw new PageDamage('an entry has no value');
    return Buffer.isBuffer(value) ? value : this.#file.big(value, this.#header);
  }

  /** The entries with values from a key on, in the order of keys. */
  *#nodes(root: number | undefined, start: Buffer, isReverse: boolean, depth = 0): Generator<Node> {
    if (root === undefined) return;
    if (depth > DEPTH_MAX) throw new PageDamage('its pages form a circle');
    const nodes = this.#file.nodes(root, this.#header);
    const order = isReverse ? nodes.map((_, index) => nodes.length - 1 - index) : nodes.keys();
    for (const index of order) {
      const each = nodes[index];
      if (each === undefined) return;
      const place = Buffer.compare(each.key, start);
      if (each.value !== undefined) {
        if (isReverse ? place <= 0 : place >= 0) yield each;
        continue;
      }
      // A page below has keys from its own, the first one any, up to that of the next page.
      const next = nodes[index + 1];
      const isOutside = isReverse ? index > 0 && place > 0 : next && Buffer.compare(next.key, start) <= 0;
      if (!isOutside) yield* this.#nodes(each.root, start, isReverse, depth + 1);
    }
  }
}
