import type { Services } from '../channel/services.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import { channelName } from '../config/schema.ts';
import type { LetterStore } from '../core/letter-store-port.ts';
import { invalidOption } from '../core/sluice-error.ts';
import type { Source, Spill } from '../core/source-port.ts';
import { WINDOW, type WindowLimits } from '../source/read-window.ts';
import type { SourceDoor } from '../source/source-door.ts';
import { SupervisedSource, type SupervisedSourceOptions } from '../source/supervised-source.ts';

/** A source, and how it is read. */
export interface SourceOptions {
  readonly source: Source;
  /** The data type of all its messages; recognition is skipped. Default: each message is recognized. */
  readonly dataType?: string;
  /** How much may be read and not committed in one partition. */
  readonly window?: Partial<WindowLimits>;
}

/** The sources of a router, by name. */
export type SourceInputs = Readonly<Record<string, Source | SourceOptions>>;

/** A source whose options were checked. */
export type PlannedSource = Omit<SupervisedSourceOptions, 'services' | 'door'>;

const sourceOptions: OptionNames<SourceOptions> = { source: true, dataType: true, window: true };
const windowOptions: OptionNames<WindowLimits> = { frames: true, bytes: true, ageMs: true };

/** Checks the sources of a router; throws `SluiceError` `invalid-option`. */
export function planSources(inputs: SourceInputs, channels: readonly string[]): readonly PlannedSource[] {
  return Object.entries(inputs).map(([name, input]) => {
    const place = `sources.${name}`;
    if (!channelName.test(name))
      throw invalidOption(`${place}: a source is named as a channel is: trades, eu-trades-2`);
    if (channels.includes(name))
      throw invalidOption(`${place}: there is a channel of that name; name one of them anew`);
    const options = isSource(input) ? { source: input } : input;
    checkOptions(place, options, sourceOptions);
    if (!isSource(options.source)) throw invalidOption(`${place} must be a source, with the methods start and close`);
    return { name, source: options.source, dataType: options.dataType, limits: limitsOf(place, options.window ?? {}) };
  });
}

function isSource(input: unknown): input is Source {
  const { start, close } = (input ?? {}) as Partial<Source>;
  return typeof start === 'function' && typeof close === 'function';
}

function limitsOf(place: string, window: Partial<WindowLimits>): WindowLimits {
  checkOptions(`${place}.window`, window, windowOptions);
  const limits = { ...WINDOW, ...window };
  for (const [limit, value] of Object.entries(limits)) {
    if (Number.isInteger(value) && value > 0) continue;
    throw invalidOption(`${place}.window.${limit} must be a whole number from 1, got ${String(value)}`);
  }
  return limits;
}

/** All sources of a router. Its supervisor starts and stops them. */
export class Sources {
  /** Where messages can wait until a source gives them to the channels, of whatever data type; undefined: nowhere. */
  readonly spill: Spill | undefined;
  readonly all: ReadonlyMap<string, SupervisedSource>;

  constructor(planned: readonly PlannedSource[], services: Services, door: SourceDoor) {
    this.spill = planned.find(({ source, dataType }) => source.spill && dataType === undefined)?.source.spill;
    this.all = new Map(planned.map((each) => [each.name, new SupervisedSource({ ...each, services, door })]));
  }
}

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
export function planStore(options: DeadLetterOptions | undefined, sources: readonly PlannedSource[]) {
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
