import type { LetterStore } from '../core/letter-store-port.ts';
import type { Source } from '../core/source-port.ts';

/** What not every source has: a check that needs a missing one says so. */
export type SourceFeature = 'killable' | 'fenced' | 'revocable' | 'gaps' | 'undecodable' | 'letters';

/** A source under test, and what a test does to it. */
export interface SourceRig {
  /** That of the process that lives now. */
  readonly source: Source;
  /** Adds one frame to the first partition; resolves when it can be read. */
  append(messages: readonly unknown[]): Promise<void>;
  /** Lets time go by, on the clock that the source has. */
  advance(ms: number): Promise<void>;
  /** Closes the source and opens it again as another process would. */
  restart(): Promise<void>;
  /** `killable`: the process dies without a word, and `source` is that of the next one. */
  kill?(): Promise<void>;
  /** `revocable`: asks the owner for its partition. */
  revoke?(withinMs: number): Promise<void>;
  /** `gaps`: removes the first frames that were not read. */
  remove?(count: number): Promise<void>;
  /** `undecodable`: adds a frame that says nothing. */
  appendBytes?(bytes: Uint8Array): Promise<void>;
  /** `letters`: the store in which its dead letters last, as the process that lives now has it. */
  readonly letters?: LetterStore;
  /** `letters`: how many it takes; a few are enough. */
  readonly lettersMax?: number;
  /** Lets go of everything. */
  end(): Promise<void>;
}
