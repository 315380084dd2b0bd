import { SluiceError } from '../core/sluice-error.ts';
import { nearest } from './mistakes.ts';

/** The names of all options of a function; the compiler sees that none is missing. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/** Throws `SluiceError` `invalid-option` for an option that the function does not have, and names the nearest one. */
export function checkOptions<Options extends object>(
  functionName: string,
  options: Options,
  known: OptionNames<Options>,
): void {
  if (typeof options !== 'object' || options === null)
    throw new SluiceError('invalid-option', `${functionName} takes an object of options, got ${String(options)}`);
  for (const name in options) {
    if (Object.hasOwn(known, name)) continue;
    const near = nearest(name, Object.keys(known));
    const hint = near === undefined ? `it takes ${Object.keys(known).join(', ')}` : `did you mean '${near}'?`;
    throw new SluiceError('invalid-option', `${functionName}: unknown option '${name}'; ${hint}`);
  }
}
