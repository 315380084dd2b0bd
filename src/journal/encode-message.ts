import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';

/** A frame holds at most so many messages and bytes. */
export const FRAME_MESSAGES_MAX = 1_000;
export const FRAME_BYTES_MAX = 512 * 1024;
/** In UTF-8. To count the bytes of each text costs as much as to make a frame of it. */
export const CHARACTER_BYTES_MAX = 3;

/** The message as JSON. Throws `SluiceError` `invalid-message` for a circle, a BigInt, a function or undefined. */
export function encodeMessage(message: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(message);
  } catch (error) {
    throw new SluiceError('invalid-message', `a message cannot be written as JSON: ${errorText(error)}`, {
      cause: error,
    });
  }
  if (text === undefined)
    throw new SluiceError('invalid-message', `a message cannot be written as JSON: it is of type ${typeof message}`);
  return text;
}

/** Throws `SluiceError` `invalid-message` if the text does not fit into a frame. */
export function checkSize(text: string): void {
  const size = text.length * CHARACTER_BYTES_MAX <= FRAME_BYTES_MAX ? 0 : Buffer.byteLength(text);
  if (size <= FRAME_BYTES_MAX) return;
  const message = `a message of ${size} bytes is larger than a frame, which holds ${FRAME_BYTES_MAX}`;
  throw new SluiceError('invalid-message', message);
}
