import { constants, createReadStream, fstatSync, openSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { addAbortSignal, type Readable } from 'node:stream';
import { GZIP_MAGIC, gunzip } from './gunzip.ts';

/** What files of other formats begin with, and the command that unpacks them. */
const OTHER_FORMATS = [
  { name: 'zstd', magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), unpack: 'zstdcat' },
  { name: 'xz', magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), unpack: 'xzcat' },
  { name: 'bzip2', magic: Buffer.from('BZh'), unpack: 'bzcat' },
  { name: 'zip', magic: Buffer.from('PK\x03\x04'), unpack: 'unzip -p' },
  { name: 'lz4', magic: Buffer.from([0x04, 0x22, 0x4d, 0x18]), unpack: 'lz4cat' },
  { name: 'compress', magic: Buffer.from([0x1f, 0x9d]), unpack: 'zcat' },
  { name: 'UTF-16', magic: Buffer.from([0xff, 0xfe]), unpack: 'iconv -f UTF-16 -t UTF-8' },
  { name: 'UTF-16', magic: Buffer.from([0xfe, 0xff]), unpack: 'iconv -f UTF-16 -t UTF-8' },
] as const;
const MAGICS = [GZIP_MAGIC, ...OTHER_FORMATS.map(({ magic }) => magic)];

/** The bytes of a file, or of `stdin` for `-`. Bytes that begin like gzip are unpacked, whatever the name of the file. */
export async function* readBytes(
  file: string,
  stdin: Readable,
  signal: AbortSignal,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer> {
  const raw = addAbortSignal(signal, file === '-' ? readable(stdin) : open(file));
  const chunks = counted(raw, onRead);
  const head = await firstBytes(chunks);
  const other = OTHER_FORMATS.find(({ magic }) => startsWith(head, magic));
  if (other !== undefined) {
    raw.destroy();
    const { name, unpack } = other;
    const [is, first] = name === 'UTF-16' ? [`text in ${name}`, 'convert'] : [`packed with ${name}`, 'unpack'];
    throw new Error(`it is ${is}; ${first} it first: ${unpack} FILE | sluice replay -`);
  }
  const whole = startingWith(head, chunks);
  yield* startsWith(head, GZIP_MAGIC) ? gunzip(whole) : whole;
}

/** A pipe is read as a socket: a read of a file cannot be ended, and would keep the process alive until the writer ends. */
function open(file: string): Readable {
  if (!statSync(file).isFIFO()) return createReadStream(file);
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/** Node reads a directory as if it were empty. */
function readable(stdin: Readable & { readonly fd?: unknown }): Readable {
  if (typeof stdin.fd === 'number' && fstatSync(stdin.fd).isDirectory())
    throw Object.assign(new Error('standard input is a directory'), { code: 'EISDIR' });
  return stdin;
}

async function* counted(raw: Readable, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of raw) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    onRead(bytes.length);
    yield bytes;
  }
}

/** As many bytes as tell the format, and no more: a pipe may deliver them one by one, and a first message is short. */
async function firstBytes(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (MAGICS.some((magic) => head.length < magic.length && startsWith(magic, head))) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

function startsWith(bytes: Buffer, start: Buffer): boolean {
  return bytes.subarray(0, start.length).equals(start);
}

async function* startingWith(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* rest;
}
