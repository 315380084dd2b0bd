import { type FileHandle, open } from 'node:fs/promises';

/**
 * Reads the pages of an LMDB file without LMDB and says what is wrong with them, or undefined. LMDB trusts its file: a
 * truncated or overwritten one ends the whole process with a signal, where a host needs an error. Every page of a tree
 * that the newest header names must be inside the file and must be what it says; values are not read.
 *
 * Layout: `MDB_page`, `MDB_meta`, `MDB_db`, `MDB_node` in mdb.c of lmdb 3.5 (data version 2, 64 bits, little endian).
 */
export async function damageOf(path: string): Promise<string | undefined> {
  const file = await open(path, 'r');
  try {
    for (;;) {
      const before = await readHeader(file);
      if (typeof before === 'string') return before;
      const damage = await walk(file, before);
      if (damage === undefined) return undefined;
      // Somebody wrote while the trees were read: what was found may be torn between two states.
      const after = await readHeader(file);
      if (typeof after === 'string' || after.transaction === before.transaction) return damage;
    }
  } finally {
    await file.close();
  }
}

interface Header {
  readonly transaction: bigint;
  readonly pageSize: number;
  /** How many pages the file has. */
  readonly pages: number;
  readonly roots: readonly bigint[];
}

const HEADER_BYTES = 24;
const DATABASE_BYTES = 48;
const NODE_BYTES = 8;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const page = { branch: 1, leaf: 2, overflow: 4 } as const;
const node = { big: 1, database: 2 } as const;

async function readHeader(file: FileHandle): Promise<Header | string> {
  const first = await readHeaderPage(file, 0);
  if (typeof first === 'string') return first;
  const second = await readHeaderPage(file, first.pageSize);
  if (typeof second === 'string') return second;
  const newest = second.transaction > first.transaction ? second : first;
  // Last: a writer makes the file longer before it writes a header that names the new pages.
  const { size } = await file.stat();
  return { ...newest, pages: Math.floor(size / newest.pageSize) };
}

async function readHeaderPage(file: FileHandle, at: number): Promise<Omit<Header, 'pages'> | string> {
  const bytes = Buffer.alloc(HEADER_BYTES + 160);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
  if (bytesRead < bytes.length) return `it ends after ${(await file.stat()).size} bytes, inside its header`;
  if (bytes.readUInt32LE(HEADER_BYTES) !== MAGIC) return 'it does not begin as an LMDB file does';
  const version = bytes.readUInt32LE(HEADER_BYTES + 4);
  if ((version & 0xffff) !== DATA_VERSION) return `its LMDB data version is ${version}, not ${DATA_VERSION}`;
  const trees = HEADER_BYTES + 24;
  const pageSize = bytes.readUInt32LE(trees);
  if (pageSize < 256 || pageSize > 65_536) return `its page size is ${pageSize}`;
  return {
    transaction: bytes.readBigUInt64LE(trees + 2 * DATABASE_BYTES + 8),
    pageSize,
    roots: [0, 1].map((index) => rootOf(bytes, trees + index * DATABASE_BYTES)),
  };
}

function rootOf(bytes: Buffer, database: number): bigint {
  return bytes.readBigUInt64LE(database + DATABASE_BYTES - 8);
}

async function walk(file: FileHandle, header: Header): Promise<string | undefined> {
  const waiting = header.roots.filter((root) => root !== NO_PAGE);
  const bytes = Buffer.alloc(header.pageSize);
  let seen = 0;
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    seen += 1;
    if (seen > header.pages) return 'its pages form a circle';
    if (number >= header.pages) return `page ${number} is missing: it ends after ${header.pages} pages`;
    await file.read(bytes, 0, bytes.length, Number(number) * header.pageSize);
    const damage = checkPage(bytes, number, header.pages, waiting);
    if (damage !== undefined) return `page ${number} ${damage}`;
  }
  return undefined;
}

/** Adds the pages that this one names to those that wait. */
function checkPage(bytes: Buffer, number: bigint, pages: number, waiting: bigint[]): string | undefined {
  const kind = bytes.readUInt16LE(18) & 0x2f;
  if (bytes.readBigUInt64LE(0) !== number || (kind !== page.branch && kind !== page.leaf)) return 'is overwritten';
  const lower = bytes.readUInt16LE(20);
  const upper = bytes.readUInt16LE(22);
  const nodes = lower >> 1;
  if (lower % 2 !== 0 || HEADER_BYTES + lower > bytes.length || upper + HEADER_BYTES > bytes.length || lower > upper)
    return 'is overwritten: its bounds are wrong';
  for (let index = 0; index < nodes; index++) {
    const at = HEADER_BYTES + bytes.readUInt16LE(HEADER_BYTES + 2 * index);
    if (at < HEADER_BYTES + upper || at + NODE_BYTES > bytes.length) return `is overwritten: node ${index} is outside`;
    const next = kind === page.branch ? childOf(bytes, at) : checkLeaf(bytes, at, pages);
    if (typeof next === 'string') return `is overwritten: node ${index} ${next}`;
    if (next !== undefined && next !== NO_PAGE) waiting.push(next);
  }
  return undefined;
}

/** The three 16-bit words before the size of the key are the number of the page. */
function childOf(bytes: Buffer, at: number): bigint {
  return BigInt(bytes.readUIntLE(at, 6));
}

/** The root of a tree that the node names; what is wrong, as text. */
function checkLeaf(bytes: Buffer, at: number, pages: number): bigint | string | undefined {
  const size = bytes.readUInt32LE(at);
  const flags = bytes.readUInt16LE(at + 4);
  const value = at + NODE_BYTES + bytes.readUInt16LE(at + 6);
  if ((flags & node.big) !== 0) {
    if (value + HEADER_BYTES > bytes.length) return 'is outside';
    const end = bytes.readBigUInt64LE(value) + bytes.readBigUInt64LE(value + 16);
    return end > pages ? `names page ${end - 1n}, which is missing` : undefined;
  }
  if (value + size > bytes.length) return 'is outside';
  if ((flags & node.database) === 0) return undefined;
  return size === DATABASE_BYTES ? rootOf(bytes, value) : 'is no tree';
}
