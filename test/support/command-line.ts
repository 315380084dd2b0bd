import { Command, InvalidArgumentError } from 'commander';
import { parseWhole } from '../../src/cli/option-values.ts';

const WRONG_USAGE = 2;

/**
 * `npm run NAME`. To parse its arguments ends the process after `--help`, with 0, and when an argument is wrong, with 2
 * and what is allowed: so this comes before anything is started.
 */
export function npmCommand(name: string, purpose: string, example: string): Command {
  const call = `npm run ${name} --`;
  return new Command(call)
    .description(purpose)
    .addHelpText('after', `\nExample:\n  $ ${call} ${example}`)
    .showHelpAfterError(`(${call} --help lists all options)`)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : WRONG_USAGE));
}

export const parseSeed = parseWhole(0, 2 ** 31);

/** `45` or `0.5`. */
export function parseAmount(text: string): number {
  const amount = Number(text);
  if (/^\d*\.?\d+$/.test(text) && amount > 0) return amount;
  throw new InvalidArgumentError('Allowed: a number above 0, such as 45 or 0.5.');
}
