import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter } from 'vitest/node';
import { projectRoot } from '../support/project-files.ts';
import { clearPageCoverage, readPageCoverage } from './page-coverage.ts';
import { reasons } from './reasons.ts';
import { type FileCoverage, judge, listing, type Reason, uncoveredIn } from './uncovered.ts';

/** Istanbul's map of all files, as vitest hands it over. */
interface CoverageMap {
  files(): readonly string[];
  fileCoverageFor(path: string): { toJSON(): FileCoverage };
  merge(files: Readonly<Record<string, FileCoverage>>): void;
}

const PAGE = 'src/inspector/page/';

/** Prints every line that no test covers with its reason, and fails the run when one has none. */
export const uncoveredReporter: Reporter = {
  onInit: clearPageCoverage,
  async onCoverage(coverage) {
    // Vitest types it as unknown, whatever the provider; ours is istanbul's map. It is summed up after this.
    const map = coverage as CoverageMap;
    const measured = new Set(map.files());
    const pages = await readPageCoverage((path) => relative(projectRoot, path).startsWith(PAGE) && !measured.has(path));
    for (const page of pages) map.merge(page);
    const uncovered = map.files().flatMap((path) => {
      return uncoveredIn(map.fileCoverageFor(path).toJSON(), relative(projectRoot, path), readFileSync(path, 'utf8'));
    });
    const judgement = judge(uncovered, pages.length > 0 ? reasons : reasons.map(withoutPage));
    process.stdout.write(`\nNot covered, and why:\n\n${listing(judgement)}\n\n`);
    if (judgement.unexplained.length + judgement.outdated.length > 0) process.exitCode = 1;
  },
};

/** Without a browser nothing is known of the page. */
function withoutPage(reason: Reason): Reason {
  return { ...reason, places: reason.places.filter((place) => !place.startsWith(PAGE)) };
}
