import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Case } from './case.ts';

/** An option that cannot be used; its message says what is allowed. */
export class OptionError extends Error {}

/** Reads the arguments of `npm run bench`. Throws `OptionError`. */
export function optionsOf(args: readonly string[], cases: readonly Case[]) {
  const { only, json: isJson = false, rounds = '2', against: directory } = valuesOf(args);
  const against = directory === undefined ? undefined : otherBuild(directory);
  const allowed = against === undefined ? cases : cases.filter(({ comparesBuilds }) => comparesBuilds);
  const names = allowed.flatMap(({ name, group }) => (group === undefined ? [name] : [name, group]));
  const wanted = only?.split(',') ?? names;
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new OptionError(`no case '${unknown}'; there is ${names.join(', ')}`);
  if (!/^[1-9]\d?$/.test(rounds))
    throw new OptionError(`--rounds must be a whole number from 1 to 99, got '${rounds}'`);
  const chosen = allowed
    .filter(({ name, group = name }) => wanted.includes(name) || wanted.includes(group))
    .map((each) => (against ? { ...each, contestants: [each.baseline, 'sluice', against.contestant] } : each));
  return { chosen, rounds: Number(rounds), isJson, isComplete: chosen.length === cases.length, against };
}

function valuesOf(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: { only: text, rounds: text, against: text, json: { type: 'boolean' } },
    }).values;
  } catch (error) {
    throw new OptionError(`${String(error)}\nallowed: --only W1,W2 --rounds 3 --against DIR --json`);
  }
}

/** Another clone whose build is compared with this one, and the name of that contestant. */
function otherBuild(path: string) {
  const directory = resolve(path);
  if (!existsSync(join(directory, 'dist/src/index.js')))
    throw new OptionError(`--against ${path}: there is no build; run \`npm ci && npm run build\` in that directory`);
  return { directory, contestant: `sluice (${basename(directory)})` };
}
