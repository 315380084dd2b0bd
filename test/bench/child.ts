import type { Sample } from './case.ts';
import { cases } from './cases.ts';
import type { Request } from './run-apart.ts';

/** One contestant: `child.js <case> <contestant>`, started by the parent, which asks and gets one answer each time. */
const [, , caseName, contestant = ''] = process.argv;
const chosen = cases.find(({ name }) => name === caseName);

if (chosen === undefined || process.send === undefined) {
  process.stderr.write('this is started by the benchmark, not by hand\n');
  process.exit(2);
}
const opened = chosen.open(contestant);
answer(opened.then(() => ({})));
process.on('message', (request: Request) => {
  if (request === 'measure') answer(opened.then((entrant) => entrant.measure()));
  else answer(opened.then((entrant) => entrant.finish?.()).then(() => ({})));
});

function answer(work: Promise<Sample>): void {
  work.then(
    (sample) => process.send?.({ sample }),
    (error: unknown) => process.send?.({ failure: error instanceof Error ? error.message : String(error) }),
  );
}
