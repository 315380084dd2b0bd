import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter } from 'vitest/node';
import { projectRoot } from '../support/project-files.ts';
import { reasons } from './reasons.ts';
import { type FileCoverage, judge, listing, uncoveredIn } from './uncovered.ts';

/** Istanbul's map of all files, as vitest hands it over. */
interface CoverageMap {
  files(): readonly string[];
  fileCoverageFor(path: string): { toJSON(): FileCoverage };
}

/** Prints every line that no test covers with its reason, and fails the run when one has none. */
export const uncoveredReporter: Reporter = {
  onCoverage(coverage) {
    // Vitest types it as unknown, whatever the provider; ours is istanbul's map.
    const map = coverage as CoverageMap;
    const uncovered = map.files().flatMap((path) => {
      return uncoveredIn(map.fileCoverageFor(path).toJSON(), relative(projectRoot, path), readFileSync(path, 'utf8'));
    });
    const judgement = judge(uncovered, reasons);
    process.stdout.write(`\nNot covered, and why:\n\n${listing(judgement)}\n\n`);
    if (judgement.unexplained.length + judgement.outdated.length > 0) process.exitCode = 1;
  },
};
