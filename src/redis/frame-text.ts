import { isAscii } from 'node:buffer';

/** The header of a frame. */
const HEAD_BYTES = 12;

/**
 * A frame as two texts, for clients that send and receive text: its header in hexadecimal, and a character for each byte of
 * the rest. That is JSON, so the text is ASCII for nearly all feeds, which takes no more room, is decoded ten times faster,
 * and is sent as it lies there.
 */
export function textsOfFrame({ buffer, byteOffset, byteLength }: Uint8Array): [head: string, body: string | Buffer] {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const body = bytes.subarray(HEAD_BYTES);
  return [bytes.toString('hex', 0, HEAD_BYTES), isAscii(body) ? body : body.toString('latin1')];
}

export function frameOfTexts(head: string, body: string): Uint8Array {
  const size = head.length / 2;
  const bytes = Buffer.allocUnsafeSlow(size + body.length);
  bytes.write(head, 'hex');
  bytes.write(body, size, 'latin1');
  return bytes;
}
