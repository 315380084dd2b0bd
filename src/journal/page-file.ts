import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The newest state of a file, as its headers name it. */
export interface Header {
  /** Grows with every commit. */
  readonly transaction: number;
  readonly pageSize: number;
  /** How many pages the file has. */
  readonly pages: number;
  /** The trees of free pages and of the databases; undefined: it is empty. */
  readonly free: number | undefined;
  readonly databases: number | undefined;
}

/** An entry of a page of a tree. */
export interface Node {
  readonly key: Buffer;
  /** Undefined for a page below. */
  readonly value: Buffer | Big | undefined;
  /** The root of what is below, or of the tree that the value describes. */
  readonly root: number | undefined;
}

/** Where a value lies that has pages of its own. */
export interface Big {
  readonly page: number;
  readonly size: number;
}

/** What is wrong with a file, in words that follow its name. */
export class PageDamage extends Error {}

const HEADER_BYTES = 24;
const META_BYTES = 160;
const DATABASE_BYTES = 48;
const NODE_BYTES = 8;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const kinds = { branch: 1, leaf: 2, overflow: 4 } as const;
const flag = { big: 1, database: 2 } as const;

/**
 * Reads the pages of an LMDB file without LMDB, and checks what each says before it is followed.
 *
 * Layout: `MDB_page`, `MDB_meta`, `MDB_db`, `MDB_node` in mdb.c of lmdb 3.5 (data version 2, 64 bits, little endian).
 */
export class PageFile {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  close(): void {
    closeSync(this.#file);
  }

  header(): Header {
    const first = this.#headerPage(0);
    const second = this.#headerPage(first.pageSize);
    const newest = second.transaction > first.transaction ? second : first;
    // Last: a writer makes the file longer before it writes a header that names the new pages.
    return { ...newest, pages: Math.floor(fstatSync(this.#file).size / newest.pageSize) };
  }

  /** What a page of a tree names. Throws `PageDamage`. */
  nodes(number: number, { pages, pageSize }: Header): readonly Node[] {
    if (number >= pages) throw new PageDamage(`page ${number} is missing: it ends after ${pages} pages`);
    const bytes = this.#read(number * pageSize, pageSize);
    const nodes = bytes && nodesOf(bytes, number, pages);
    if (typeof nodes === 'object') return nodes;
    throw new PageDamage(`page ${number} is overwritten${nodes === undefined ? '' : `: ${nodes}`}`);
  }

  /** A value that has pages of its own. Throws `PageDamage`. */
  big({ page, size }: Big, { pageSize }: Header): Buffer {
    const head = this.#read(page * pageSize, HEADER_BYTES);
    const value = this.#read(page * pageSize + HEADER_BYTES, size);
    if (head && value && Number(head.readBigUInt64LE(0)) === page && (head.readUInt16LE(18) & kinds.overflow) !== 0)
      return value;
    throw new PageDamage(`page ${page} is overwritten`);
  }

  /** Undefined: the file ends before. */
  #read(at: number, size: number): Buffer | undefined {
    const bytes = Buffer.allocUnsafeSlow(size);
    return readSync(this.#file, bytes, 0, size, at) === size ? bytes : undefined;
  }

  /** Read until it does not change, for a process may write it meanwhile. */
  #headerPage(at: number): Omit<Header, 'pages'> {
    for (;;) {
      const bytes = this.#read(at, HEADER_BYTES + META_BYTES);
      const again = this.#read(at, HEADER_BYTES + META_BYTES);
      if (bytes === undefined || again === undefined)
        throw new PageDamage(`it ends after ${fstatSync(this.#file).size} bytes, inside its header`);
      if (bytes.equals(again)) return headerOf(bytes);
    }
  }
}

function headerOf(bytes: Buffer): Omit<Header, 'pages'> {
  if (bytes.readUInt32LE(HEADER_BYTES) !== MAGIC) throw new PageDamage('it does not begin as an LMDB file does');
  const version = bytes.readUInt32LE(HEADER_BYTES + 4);
  if ((version & 0xffff) !== DATA_VERSION)
    throw new PageDamage(`its LMDB data version is ${version}, not ${DATA_VERSION}`);
  const trees = HEADER_BYTES + 24;
  const pageSize = bytes.readUInt32LE(trees);
  if (pageSize < 256 || pageSize > 65_536) throw new PageDamage(`its page size is ${pageSize}`);
  return {
    transaction: Number(bytes.readBigUInt64LE(trees + 2 * DATABASE_BYTES + 8)),
    pageSize,
    free: rootOf(bytes, trees),
    databases: rootOf(bytes, trees + DATABASE_BYTES),
  };
}

/** Undefined: the tree is empty. */
function rootOf(bytes: Buffer, database: number): number | undefined {
  const root = bytes.readBigUInt64LE(database + DATABASE_BYTES - 8);
  return root === NO_PAGE ? undefined : Number(root);
}

/** What is wrong, as text; undefined: it is no page of a tree. */
function nodesOf(bytes: Buffer, number: number, pages: number): readonly Node[] | string | undefined {
  const kind = bytes.readUInt16LE(18) & 0x2f;
  if (Number(bytes.readBigUInt64LE(0)) !== number || (kind !== kinds.branch && kind !== kinds.leaf)) return undefined;
  const lower = bytes.readUInt16LE(20);
  const upper = bytes.readUInt16LE(22);
  if (lower % 2 !== 0 || HEADER_BYTES + lower > bytes.length || upper + HEADER_BYTES > bytes.length || lower > upper)
    return 'its bounds are wrong';
  const nodes: Node[] = [];
  for (let index = 0; index < lower >> 1; index++) {
    const at = HEADER_BYTES + bytes.readUInt16LE(HEADER_BYTES + 2 * index);
    if (at < HEADER_BYTES + upper || at + NODE_BYTES > bytes.length) return `node ${index} is outside`;
    const next = nodeOf(bytes, at, kind === kinds.branch, pages);
    if (typeof next === 'string') return `node ${index} ${next}`;
    nodes.push(next);
  }
  return nodes;
}

function nodeOf(bytes: Buffer, at: number, isBranch: boolean, pages: number): Node | string {
  const start = at + NODE_BYTES + bytes.readUInt16LE(at + 6);
  if (start > bytes.length) return 'is outside';
  const key = bytes.subarray(at + NODE_BYTES, start);
  // The three 16-bit words before the size of the key are the number of the page.
  if (isBranch) return { key, value: undefined, root: bytes.readUIntLE(at, 6) };
  const size = bytes.readUInt32LE(at);
  const flags = bytes.readUInt16LE(at + 4);
  if ((flags & flag.big) !== 0) {
    if (start + HEADER_BYTES > bytes.length) return 'is outside';
    const page = Number(bytes.readBigUInt64LE(start));
    const end = page + Number(bytes.readBigUInt64LE(start + 16));
    return end > pages ? `names page ${end - 1}, which is missing` : { key, value: { page, size }, root: undefined };
  }
  if (start + size > bytes.length) return 'is outside';
  const isDatabase = (flags & flag.database) !== 0;
  if (isDatabase && size !== DATABASE_BYTES) return 'is no tree';
  return { key, value: bytes.subarray(start, start + size), root: isDatabase ? rootOf(bytes, start) : undefined };
}
