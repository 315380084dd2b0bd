import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib';

export const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

const FLAGS = { headerCheck: 2, extra: 4, name: 8, comment: 16 } as const;
/** A piece of input may be a thousand times as large unpacked. */
const PIECE_BYTES = 16_384;

/**
 * Unpacks gzip members one after the other, as `zcat` does. Node's own stream takes back what it unpacked when it meets an
 * error later in the same chunk; here everything up to the error is handed on, and then the error is thrown.
 */
export async function* gunzip(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = new Input(chunks[Symbol.asyncIterator]());
  do {
    await skipHeader(input);
    yield* inflateMember(input);
  } while (await hasMember(input));
}

/** Bytes that were read and not used yet. */
class Input {
  readonly #chunks: AsyncIterator<Buffer>;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks;
  }

  async has(count: number): Promise<boolean> {
    while (this.#bytes.length < count) {
      const next = await this.#chunks.next();
      if (next.done) return false;
      this.#bytes = Buffer.concat([this.#bytes, next.value]);
    }
    return true;
  }

  async take(count: number): Promise<Buffer> {
    if (!(await this.has(count))) throw new Error('unexpected end of file');
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /** Some; none at the end. */
  async takePiece(): Promise<Buffer> {
    return (await this.has(1)) ? this.take(Math.min(PIECE_BYTES, this.#bytes.length)) : Buffer.alloc(0);
  }

  giveBack(bytes: Buffer): void {
    this.#bytes = Buffer.concat([bytes, this.#bytes]);
  }
}

/** Source: RFC 1952, 2.3. */
async function skipHeader(input: Input): Promise<void> {
  const head = await input.take(10);
  if (!head.subarray(0, 2).equals(GZIP_MAGIC) || head[2] !== 8) throw new Error('incorrect gzip header');
  const flags = head[3] ?? 0;
  if (flags & FLAGS.extra) await input.take((await input.take(2)).readUInt16LE());
  for (const text of [FLAGS.name, FLAGS.comment]) {
    if (flags & text) while ((await input.take(1))[0] !== 0);
  }
  if (flags & FLAGS.headerCheck) await input.take(2);
}

async function* inflateMember(input: Input): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw();
  let check = 0;
  let sizeBytes = 0;
  let unpacked: Buffer[] = [];
  inflate.on('data', (chunk: Buffer) => {
    check = crc32(chunk, check);
    sizeBytes += chunk.length;
    unpacked.push(chunk);
  });
  try {
    for (let given = 0; ; ) {
      const piece = await input.takePiece();
      given += piece.length;
      const error = piece.length === 0 ? new Error('unexpected end of file') : await write(inflate, piece);
      yield* unpacked.splice(0);
      if (error) throw error;
      // The end of the member is told only by bytes that the engine does not want.
      if (inflate.bytesWritten < given) {
        input.giveBack(piece.subarray(piece.length - (given - inflate.bytesWritten)));
        break;
      }
    }
  } finally {
    unpacked = [];
    inflate.destroy();
  }
  const trailer = await input.take(8);
  if (trailer.readUInt32LE(0) !== check) throw new Error('incorrect data check');
  if (trailer.readUInt32LE(4) !== sizeBytes % 2 ** 32) throw new Error('incorrect length check');
}

function write(inflate: InflateRaw, piece: Buffer): Promise<Error | null | undefined> {
  return new Promise((resolve) => {
    // An error of the engine does not reach the callback.
    inflate.once('error', resolve);
    inflate.write(piece, (error) => {
      inflate.off('error', resolve);
      // What still waits in the stream is handed to the listener.
      while (inflate.read() !== null);
      resolve(error);
    });
  });
}

/** Whether another member follows; zeros are padding. */
async function hasMember(input: Input): Promise<boolean> {
  for (;;) {
    if (!(await input.has(1))) return false;
    const next = await input.take(1);
    if (next[0] === 0) continue;
    input.giveBack(next);
    const isMember = (await input.has(2)) && (await peek(input)).equals(GZIP_MAGIC);
    if (!isMember) throw new Error('what follows the gzip data is no gzip data and was not read');
    return true;
  }
}

async function peek(input: Input): Promise<Buffer> {
  const bytes = await input.take(GZIP_MAGIC.length);
  input.giveBack(bytes);
  return bytes;
}
