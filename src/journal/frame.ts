import { crc32 } from 'node:zlib';
import { jsonOrText } from '../core/plain.ts';
import type { Frame, ReadRoom } from '../core/source-port.ts';
import type { Tree } from './snapshot.ts';

/** What is known of a frame without its messages. */
export interface FrameHeader {
  /** Messages, each text of a feed counted as one. */
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Bytes of all frames ever written, this one included. */
  readonly bytesTotal: number;
  /** Messages of all frames ever written, this one included. */
  readonly countTotal: number;
}

/** `messages`: the body is one JSON array. `texts`: what a feed sent, apart by a character that no JSON text contains. */
export type FrameKind = 'messages' | 'texts';

/** Of texts; RFC 7464 separates JSON texts by it. */
const SEPARATOR = '\x1e';

const VERSION = 1;
const KINDS: readonly FrameKind[] = ['messages', 'texts'];
const HEADER_BYTES = 40;

/** The bytes of a frame whose header still has to be written by `sealFrame`. */
export function encodeFrame(kind: FrameKind, texts: readonly string[]): Buffer {
  const body = kind === 'messages' ? `[${texts.join(',')}]` : texts.join(SEPARATOR);
  const size = Buffer.byteLength(body);
  const bytes = Buffer.allocUnsafeSlow(HEADER_BYTES + size);
  bytes.fill(0, 0, HEADER_BYTES);
  bytes.write(body, HEADER_BYTES);
  bytes[0] = VERSION;
  bytes[1] = KINDS.indexOf(kind);
  bytes.writeUInt32LE(crc32(bytes.subarray(HEADER_BYTES)), 4);
  bytes.writeUInt32LE(texts.length, 8);
  return bytes;
}

/** Writes what is known only when the frame gets its place. */
export function sealFrame(bytes: Buffer, { at, bytesTotal, countTotal }: Omit<FrameHeader, 'count'>): void {
  bytes.writeDoubleLE(at, 16);
  bytes.writeDoubleLE(bytesTotal, 24);
  bytes.writeDoubleLE(countTotal, 32);
}

/** Reads the header of a frame; undefined: it is none. */
export function headerOf(bytes: Buffer | undefined): FrameHeader | undefined {
  if (bytes === undefined || bytes.length < HEADER_BYTES || bytes[0] !== VERSION) return undefined;
  return {
    count: bytes.readUInt32LE(8),
    at: bytes.readDoubleLE(16),
    bytesTotal: bytes.readDoubleLE(24),
    countTotal: bytes.readDoubleLE(32),
  };
}

/** A frame of a journal, from memory with the messages as they were written, or from the disk. */
export class JournalFrame implements Frame {
  readonly position: number;
  readonly bytes: Buffer;
  readonly gap?: { readonly from: number; readonly to: number };
  readonly #live: readonly unknown[] | undefined;

  constructor(position: number, bytes: Buffer, live?: readonly unknown[], expected = position) {
    this.position = position;
    this.bytes = bytes;
    this.#live = live;
    if (expected < position) this.gap = { from: expected, to: position - 1 };
  }

  messages(): readonly unknown[] {
    return this.#live ?? decodeFrame(this.bytes);
  }
}

/** Frames on disk from a position on, or the oldest ones; the first of them however large it is. */
export function framesFrom(frames: Pick<Tree<Buffer, number>, 'getRange'>, start: number | undefined, room: ReadRoom) {
  const taken: JournalFrame[] = [];
  let expected = start;
  let bytes = 0;
  for (const { key, value } of frames.getRange({ ...(start !== undefined && { start }), limit: room.frames })) {
    bytes += value.length;
    if (taken.length > 0 && bytes > room.bytes) break;
    taken.push(new JournalFrame(key, value, undefined, expected));
    expected = key + 1;
  }
  return taken;
}

/** Throws when the bytes are not those that were written. */
function decodeFrame(bytes: Buffer): readonly unknown[] {
  if (bytes.length < HEADER_BYTES) throw new Error(`a frame of ${bytes.length} bytes is cut off`);
  if (bytes[0] !== VERSION) throw new Error(`a frame of version ${bytes[0]}; this version of sluice reads ${VERSION}`);
  const body = bytes.subarray(HEADER_BYTES);
  if (crc32(body) !== bytes.readUInt32LE(4)) throw new Error('the checksum of the frame is wrong: it was overwritten');
  const text = body.toString();
  // A string that is not JSON is a message that no rule recognizes: it becomes a dead letter by itself.
  return KINDS[bytes[1] ?? 0] === 'texts' ? text.split(SEPARATOR).flatMap(jsonOrText) : JSON.parse(text);
}
