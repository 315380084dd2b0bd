import { isAscii } from 'node:buffer';
import { crc32 } from 'node:zlib';

const VERSION = 1;
/** FNV-1a of 32 bits over UTF-8, modulo the number of partitions. */
const HASH = 1;
const HEADER_BYTES = 12;
const SIGN = 0x53;

/** Messages as JSON texts, as they lie in a partition. The header says by what the partition was chosen. */
export function encodeFrame(texts: readonly string[], partitions: number): Buffer {
  const body = `[${texts.join(',')}]`;
  const bytes = Buffer.allocUnsafeSlow(HEADER_BYTES + Buffer.byteLength(body));
  bytes.write(body, HEADER_BYTES);
  bytes[0] = SIGN;
  bytes[1] = VERSION;
  bytes[2] = HASH;
  bytes[3] = 0;
  bytes.writeUInt32LE(partitions, 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(HEADER_BYTES)), 8);
  return bytes;
}

/** Throws when the bytes are no frame, of another version, or not as they were written. */
export function decodeFrame(bytes: Uint8Array): readonly unknown[] {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isFrame(frame)) throw new Error(`${frame.length} bytes that are no frame of sluice`);
  if (frame[1] !== VERSION) throw new Error(`a frame of version ${frame[1]}; this version of sluice reads ${VERSION}`);
  const body = frame.subarray(HEADER_BYTES);
  if (crc32(body) !== frame.readUInt32LE(8)) throw new Error('the checksum of the frame is wrong: it was changed');
  // JSON of nearly all feeds is ASCII, which is decoded faster as what it is.
  return JSON.parse(body.toString(isAscii(body) ? 'latin1' : 'utf8'));
}

/** Why a frame does not belong into a log of so many partitions: a publisher counts or hashes otherwise. */
export function partitioningMistake(bytes: Uint8Array, partitions: number): string | undefined {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isFrame(frame) || frame[1] !== VERSION) return undefined;
  if (frame[2] !== HASH) return `its publisher uses hash ${frame[2]}, and this source knows hash ${HASH}`;
  const count = frame.readUInt32LE(4);
  return count === partitions ? undefined : `its publisher has ${count} partitions, and this source has ${partitions}`;
}

function isFrame(frame: Buffer): boolean {
  return frame.length > HEADER_BYTES && frame[0] === SIGN;
}
