/** What kind of misuse it was; a closed set, safe to switch on. */
export type SluiceErrorCode =
  | 'invalid-config'
  | 'invalid-option'
  | 'unknown-channel'
  | 'duplicate-channel'
  | 'not-bound'
  | 'not-running'
  | 'refused';

/** Misuse of the library: thrown at once, naming what is wrong, what is allowed and what came. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: SluiceErrorCode;

  constructor(code: SluiceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
