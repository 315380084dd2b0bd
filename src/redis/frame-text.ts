import { isAscii } from 'node:buffer';

/** The header of a frame. */
const HEAD_BYTES = 12;
const HEAD_CHARS = 2 * HEAD_BYTES;

/**
 * A frame as text, for clients that send and receive text: its header in hexadecimal, and a character for each byte of the
 * rest. That is JSON, so the text is ASCII for nearly all feeds, which takes no more room and is decoded ten times faster.
 */
export function argumentOfFrame({ buffer, byteOffset, byteLength }: Uint8Array): string | Buffer {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const head = bytes.toString('hex', 0, HEAD_BYTES);
  const body = bytes.subarray(HEAD_BYTES);
  // The same bytes on the wire, which a client need not encode once more.
  return isAscii(body) ? Buffer.concat([Buffer.from(head), body]) : head + body.toString('latin1');
}

export function frameOfText(text: string): Uint8Array {
  const head = Buffer.from(text.slice(0, HEAD_CHARS), 'hex');
  const bytes = Buffer.allocUnsafeSlow(head.length + Math.max(0, text.length - HEAD_CHARS));
  head.copy(bytes);
  bytes.write(text.slice(HEAD_CHARS), head.length, 'latin1');
  return bytes;
}
