import { cases } from './cases.ts';

/** One run of one contestant: `child.js <case> <contestant>`, started by the parent, which gets one message. */
const [, , caseName, contestant = ''] = process.argv;
const chosen = cases.find(({ name }) => name === caseName);

if (chosen === undefined || process.send === undefined) {
  process.stderr.write('this is started by the benchmark, not by hand\n');
  process.exit(2);
}
chosen.run(contestant).then(answer('sample'), (error: unknown) => {
  answer('failure')(error instanceof Error ? error.message : String(error));
});

/** A contestant may have left timers behind: nothing is left to wait for. */
function answer(kind: 'sample' | 'failure') {
  return (value: unknown): void => {
    process.send?.({ [kind]: value }, () => process.exit(0));
  };
}
