import { frameContract } from './contract-frames.ts';
import { letterContract } from './contract-letters.ts';
import { stayContract } from './contract-stays.ts';
import type { SourceFeature, SourceRig } from './source-rig.ts';

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
  const groups = [...frameContract, ...stayContract, ...letterContract];
  return groups.flatMap(({ needs, checks }) => {
    const missing = needs.find((feature) => !features.includes(feature));
    return Object.entries(checks).map(([name, check]) => ({ name, missing, run: () => runWith(make, check) }));
  });
}

async function runWith(make: () => Promise<SourceRig>, check: (rig: Required<SourceRig>) => Promise<void>) {
  const rig = await make();
  try {
    // Checks that call what is optional need the feature for it.
    await check(rig as Required<SourceRig>);
  } finally {
    await rig.end();
  }
}
