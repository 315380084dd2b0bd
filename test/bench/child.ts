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
  // A contestant may have left timers behind: nothing is left to wait for.
  else
    answer(
      opened.then((entrant) => entrant.finish?.()).then(() => ({})),
      () => process.exit(0),
    );
});

function answer(work: Promise<Sample>, sent = () => {}): void {
  work.then(
    (sample) => process.send?.({ sample }, sent),
    (error: unknown) => process.send?.({ failure: error instanceof Error ? error.message : String(error) }, sent),
  );
}
