import type { Source } from '../core/source-port.ts';
import { frameContract } from './contract-frames.ts';
import { stayContract } from './contract-stays.ts';

/** What not every source has: a check that needs a missing one says so. */
export type SourceFeature = 'killable' | 'fenced' | 'revocable' | 'gaps' | 'undecodable';

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
  /** Lets go of everything. */
  end(): Promise<void>;
}

/** One sentence about sources that holds or not. */
export interface SourceCheck {
  readonly name: string;
  /** What this source would need for it; undefined: it can be run. */
  readonly missing: SourceFeature | undefined;
  /** Rejects with what was wrong. */
  run(): Promise<void>;
}

/**
 * The contract of the port `Source`, as checks that any test runner can run: `for (const { name, missing, run } of
 * checkSource(make, ['killable'])) it.skipIf(missing)(name, run)`. Each check makes a source of its own, which is empty.
 */
export function checkSource(
  make: () => Promise<SourceRig>,
  features: readonly SourceFeature[],
): readonly SourceCheck[] {
  return [...frameContract, ...stayContract].map(([name, body, ...needs]) => ({
    name,
    missing: needs.find((feature) => !features.includes(feature)),
    async run() {
      const rig = await make();
      try {
        // Checks that call what is optional need the feature for it.
        await body(rig as Required<SourceRig>);
      } finally {
        await rig.end();
      }
    },
  }));
}
