import { checkOptions, type OptionNames } from '../config/options.ts';
import type { LetterStore } from '../core/letter-store-port.ts';
import { invalidOption } from '../core/sluice-error.ts';
import type { PlannedSource } from './sources.ts';

/** Where dead letters are kept. */
export interface DeadLetterOptions {
  /**
   * A store that lasts, such as `journal.letters`: a message counts as a dead letter, and is settled, when the store has
   * it. `memory`: letters end with the process, and the oldest go when there are too many.
   */
  readonly store: LetterStore | 'memory';
}

const deadLetterOptions: OptionNames<DeadLetterOptions> = { store: true };

/** The store of dead letters; undefined: memory. Throws `SluiceError` `invalid-option`. */
export function planStore(
  options: DeadLetterOptions | undefined,
  sources: readonly PlannedSource[],
): LetterStore | undefined {
  if (options !== undefined) {
    checkOptions('deadLetters', options, deadLetterOptions);
    if (options.store !== 'memory' && !isStore(options.store))
      throw invalidOption(
        "deadLetters.store must be 'memory' or a store with the methods add, list, drop and markReplayed",
      );
    return options.store === 'memory' ? undefined : options.store;
  }
  const lasting = sources.find(({ source }) => source.lasts !== false);
  if (lasting === undefined) return undefined;
  throw invalidOption(
    `dead letters in memory would be lost with the process, and the source ${lasting.name} never brings their messages ` +
      "again: set deadLetters: { store: journal.letters }, or deadLetters: { store: 'memory' } if that may be",
  );
}

function isStore(store: unknown): store is LetterStore {
  const { add, list, drop, markReplayed } = (store ?? {}) as Partial<LetterStore>;
  return [add, list, drop, markReplayed].every((method) => typeof method === 'function');
}
