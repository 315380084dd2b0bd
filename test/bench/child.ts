import type { Request } from './apart.ts';
import type { Sample } from './case.ts';
import { cases } from './cases.ts';

/** One contestant: `child.js <case> <contestant> <other build>`, started by the parent, which asks and gets one answer each time. */
const [, , caseName, contestant = '', against = ''] = process.argv;
const chosen = cases.find(({ name }) => name === caseName);

if (chosen === undefined) throw new Error('started by the benchmark, not by hand');
const opened = chosen.open(contestant, against === '' ? undefined : against);
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
