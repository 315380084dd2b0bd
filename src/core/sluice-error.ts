/** What kind of misuse it was; a closed set, safe to switch on. */
export type SluiceErrorCode =
  | 'invalid-config'
  | 'invalid-option'
  | 'unknown-channel'
  | 'duplicate-channel'
  | 'not-bound'
  | 'not-running'
  | 'refused'
  /** A message that a store cannot write down. */
  | 'invalid-message'
  /** The directory holds something else, or a journal that this version cannot read. */
  | 'not-a-journal'
  /** The file of the journal is truncated or overwritten. */
  | 'damaged'
  /** Another process has it. */
  | 'owned'
  /** A bound is reached. */
  | 'store-full'
  /** The disk or its rights: nothing more is written until it is opened anew. */
  | 'store-failed';

/** Misuse of the library: thrown at once, naming what is wrong, what is allowed and what came. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: SluiceErrorCode;

  constructor(code: SluiceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The code of an option, or of an argument, that the library cannot take. */
export function invalidOption(message: string, options?: ErrorOptions): SluiceError {
  return new SluiceError('invalid-option', message, options);
}
