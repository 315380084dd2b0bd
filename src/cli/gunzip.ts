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

  /** The next bytes, which stay where they are; fewer at the end. */
  async peek(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) {
      const next = await this.#chunks.next();
      if (next.done) break;
      this.#bytes = Buffer.concat([this.#bytes, next.value]);
    }
    return this.#bytes.subarray(0, count);
  }

  async take(count: number): Promise<Buffer> {
    const taken = await this.peek(count);
    if (taken.length < count) throw new Error('unexpected end of file');
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /** Some bytes, as many as are here. */
  async takePiece(): Promise<Buffer> {
    await this.peek(1);
    return this.take(Math.min(PIECE_BYTES, this.#bytes.length || 1));
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
  const unpacked: Buffer[] = [];
  inflate.on('data', (chunk: Buffer) => {
    check = crc32(chunk, check);
    sizeBytes += chunk.length;
    unpacked.push(chunk);
  });
  try {
    for (let given = 0; ; ) {
      const piece = await input.takePiece();
      given += piece.length;
      const error = await write(inflate, piece);
      yield* unpacked.splice(0);
      if (error) throw error;
      // The end of the member is told only by bytes that the engine does not want.
      if (inflate.bytesWritten < given) {
        input.giveBack(piece.subarray(piece.length - (given - inflate.bytesWritten)));
        break;
      }
    }
  } finally {
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
  while ((await input.peek(1))[0] === 0) await input.take(1);
  const next = await input.peek(GZIP_MAGIC.length);
  if (next.length > 0 && !next.equals(GZIP_MAGIC))
    throw new Error('what follows the gzip data is no gzip data and was not read');
  return next.length > 0;
}
