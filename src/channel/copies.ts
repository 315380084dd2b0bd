import { invalidOption, type SluiceError } from '../core/sluice-error.ts';

/** What every copy of this package marks its objects and prototypes with. */
const MARK = Symbol.for('sluice');

/** Lets another copy of sluice in the process see that these objects are of one. */
export function markAsOurs(made: object): void {
  Object.defineProperty(made, MARK, { value: true });
}

/** Whether an object that is none of ours is of another copy of sluice. */
export function isMarked(value: unknown): boolean {
  return typeof value === 'object' && value !== null && MARK in value;
}

/** Refuses what is none of ours, and says so if it is of another copy of sluice. */
export function refuse(value: unknown, wanted: string): never {
  throw isMarked(value) ? anotherCopy(wanted) : invalidOption(`this is not ${wanted}`);
}

/** Says that two copies of a package are in the process, which do not know each other's objects. */
export function anotherCopy(what: string): SluiceError {
  return invalidOption(`${what} is of another copy of sluice; \`npm ls sluice\` shows both`);
}
