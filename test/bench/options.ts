import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { parseWhole } from '../../src/cli/option-values.ts';
import { npmCommand } from '../support/command-line.ts';
import type { Case } from './case.ts';

interface Given {
  readonly only?: string;
  readonly rounds: number;
  readonly against?: ReturnType<typeof otherBuild>;
  readonly json?: true;
}

/** Reads the arguments of `npm run bench`. Ends the process when one is wrong. */
export function optionsOf(args: readonly string[], cases: readonly Case[]) {
  const purpose =
    'Measures sluice beside other libraries. All cases together write docs/benchmarks.md and docs/images/rates.svg.';
  const command = npmCommand('bench', purpose, '--only W1,rates --rounds 3')
    .option('--only <names>', `only these cases or groups: ${namesOf(cases).join(', ')}`)
    .option('--rounds <n>', 'how often each case runs', parseWhole(1, 99), 2)
    .option('--against <directory>', 'compare with the build of another clone', otherBuild)
    .option('--json', 'print the results as JSON')
    .parse(args, { from: 'user' });
  const { only, rounds, against, json: isJson = false } = command.opts<Given>();
  const allowed = against === undefined ? cases : cases.filter(({ comparesBuilds }) => comparesBuilds);
  const names = namesOf(allowed);
  const wanted = only?.split(',') ?? names;
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) command.error(`error: no case '${unknown}'. Allowed: ${names.join(', ')}.`);
  const chosen = allowed
    .filter(({ name, group = name }) => wanted.includes(name) || wanted.includes(group))
    .map((each) => (against ? { ...each, contestants: [each.baseline, 'sluice', against.contestant] } : each));
  return { chosen, rounds, isJson, isComplete: chosen.length === cases.length, against };
}

function namesOf(cases: readonly Case[]): readonly string[] {
  return [...new Set(cases.flatMap(({ name, group = name }) => [name, group]))];
}

/** Another clone whose build is compared with this one, and the name of that contestant. */
function otherBuild(path: string) {
  const directory = resolve(path);
  if (!existsSync(join(directory, 'dist/src/index.js')))
    throw new InvalidArgumentError('There is no build; run `npm ci && npm run build` in that directory.');
  return { directory, contestant: `sluice (${basename(directory)})` };
}
