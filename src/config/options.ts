import { SluiceError } from '../core/sluice-error.ts';
import { nearest } from './mistakes.ts';

/** The names of all options of a function; the compiler sees that none is missing. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/** Throws `SluiceError` `invalid-option` for an option that the function does not have, and names the nearest it has. */
export function checkOptions<Options extends object>(
  functionName: string,
  options: Options,
  known: OptionNames<Options>,
): void {
  if (typeof options !== 'object' || options === null)
    throw new SluiceError('invalid-option', `${functionName} takes an object of options, got ${String(options)}`);
  for (const name in options) if (!Object.hasOwn(known, name)) throw unknownOption(functionName, name, known);
}

function unknownOption(functionName: string, name: string, known: OptionNames<object>): SluiceError {
  const names = Object.keys(known);
  const near = nearest(name, names);
  const hint = near === undefined ? `it takes ${names.join(', ')}` : `did you mean '${near}'?`;
  return new SluiceError('invalid-option', `${functionName}: unknown option '${name}'; ${hint}`);
}
