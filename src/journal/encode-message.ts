import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';

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
