import { createReadStream } from 'node:fs';
import { addAbortSignal, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** The bytes of a file, or of `stdin` for `-`. Bytes that begin like gzip are unpacked, whatever the name of the file. */
export async function* readBytes(
  file: string,
  stdin: Readable,
  signal: AbortSignal,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer> {
  const raw = addAbortSignal(signal, file === '-' ? stdin : createReadStream(file));
  const chunks = counted(raw, onRead);
  const head = await firstBytes(chunks);
  const whole = startingWith(head, chunks);
  if (!head.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) return yield* whole;
  const gunzip = createGunzip();
  // The loop below throws the error of either stream, so the callback has nothing to do.
  pipeline(Readable.from(whole), gunzip, () => {});
  for await (const chunk of gunzip) yield chunk;
}

async function* counted(raw: Readable, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of raw) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    onRead(bytes.length);
    yield bytes;
  }
}

/** At least as many bytes as the magic number has, if the input has them: a pipe may deliver them one by one. */
async function firstBytes(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < GZIP_MAGIC.length) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* startingWith(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* rest;
}
