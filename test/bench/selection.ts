import { parseArgs } from 'node:util';
import type { Case } from './case.ts';

/** A wish that cannot be met; its message says what is allowed. */
export class SelectionError extends Error {}

/** One case and who runs in it. */
export interface Heat {
  readonly case: Case;
  readonly contestants: readonly string[];
}

/** What a call of the benchmark asks for. */
export interface Selection {
  readonly heats: readonly Heat[];
  readonly rounds: number;
  readonly isJson: boolean;
  /** Everything there is: the pages in docs are written anew. */
  readonly isComplete: boolean;
}

const ROUNDS_DEFAULT = 2;
const ROUNDS_MAX = 50;

/** Reads the arguments of `npm run bench`. Throws `SelectionError`. */
export function selectionOf(args: readonly string[], cases: readonly Case[]): Selection {
  const { only, rounds, peers, json } = valuesOf(args);
  const chosen = choose('case', only, cases);
  const known = [...new Set(chosen.flatMap(({ contestants }) => contestants))];
  const wanted = peers === undefined ? known : namesIn(peers);
  check('peer', wanted, known, 'the chosen cases have');
  const heats = chosen.map((each): Heat => {
    const runs = new Set([...wanted, ...each.references, each.baseline, 'sluice']);
    return { case: each, contestants: each.contestants.filter((name) => runs.has(name) || name.startsWith('sluice')) };
  });
  return {
    heats,
    rounds: wholeRounds(rounds),
    isJson: json === true,
    isComplete: only === undefined && peers === undefined,
  };
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        rounds: { type: 'string' },
        peers: { type: 'string' },
        json: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new SelectionError(`${what}\nallowed: --only W1,W2 --rounds 3 --peers bare,fastq --json`);
  }
}

function choose(kind: string, list: string | undefined, cases: readonly Case[]): readonly Case[] {
  if (list === undefined) return cases;
  const names = namesIn(list);
  check(
    kind,
    names,
    cases.map(({ name }) => name),
    'there is',
  );
  return cases.filter(({ name }) => names.includes(name));
}

function namesIn(list: string): readonly string[] {
  return list.split(',').map((name) => name.trim());
}

function check(kind: string, names: readonly string[], known: readonly string[], lead: string): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new SelectionError(`no ${kind} '${unknown}'; ${lead} ${known.join(', ')}`);
}

function wholeRounds(text: string | undefined): number {
  const rounds = text === undefined ? ROUNDS_DEFAULT : Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= ROUNDS_MAX) return rounds;
  throw new SelectionError(`--rounds must be a whole number from 1 to ${ROUNDS_MAX}, got '${text}'`);
}
