import type { StandardSchemaV1 } from '@standard-schema/spec';
import { checkOptions, type OptionNames } from '../config/options.ts';
import { invalidOption } from '../core/sluice-error.ts';
import { type BatchContext, type LifeContext, ProcessingChannel } from './processing-channel.ts';

/** What a channel does, from its start to its end. */
export interface ChannelWork<Payload, Event, Rules> {
  /** Runs before the first batch, under `warmUpTimeoutMs`; messages are already accepted and wait. */
  warmUp?(context: LifeContext<Event, Rules>): void | Promise<void>;
  /** Processes one batch, synchronously or not. An exception or a rejection fails the whole batch. */
  process(batch: readonly Payload[], context: BatchContext<Event, Rules>): void | Promise<void>;
  /** Runs after the last batch, when the channel stops. */
  close?(context: LifeContext<Event, Rules>): void | Promise<void>;
}

/** What a channel takes in and puts out. Any Standard Schema will do, zod for one. */
interface ChannelTypes<Payload, Event, Rules, RulesInput> {
  /** Checks and converts each message when it is routed. A message it refuses is rejected as `invalid`. Default: none. */
  readonly schema?: StandardSchemaV1<unknown, Payload>;
  /** Instead of `schema`, written above `process`: returns the payload, or throws to reject the message as `invalid`. */
  validate?(message: unknown): Payload;
  /** Checks `eventRules` when a configuration is loaded, and makes `context.rules` of it. Default: no check. */
  readonly rules?: StandardSchemaV1<RulesInput, Rules>;
  /** The type of what `emit` takes. Events are checked against it by `sluice/testing` only. Default: emits nothing. */
  readonly events?: StandardSchemaV1<Event>;
}

interface WithoutState<Payload, Event, Rules> extends ChannelWork<Payload, Event, Rules> {
  create?: never;
}

interface WithState<Payload, Event, Rules> {
  /** Called for each life of the channel, also after a restart: its variables are the state of that life. */
  create(): ChannelWork<Payload, Event, Rules>;
  process?: never;
  warmUp?: never;
  close?: never;
}

const definitionNames: OptionNames<
  ChannelTypes<unknown, unknown, unknown, unknown> & WithState<unknown, unknown, unknown>
> = {
  schema: true,
  validate: true,
  rules: true,
  events: true,
  create: true,
  warmUp: true,
  process: true,
  close: true,
};

/** What `defineChannel` takes: the types of a channel, and either `process` or `create`. */
export type ChannelDefinition<Payload, Event, Rules, RulesInput> = ChannelTypes<Payload, Event, Rules, RulesInput> &
  (WithoutState<Payload, Event, Rules> | WithState<Payload, Event, Rules>);

/** A channel class, made by `defineChannel`. */
export interface ChannelClass<Payload, Event, Rules, RulesInput> {
  new (): ProcessingChannel<Payload, Event, Rules>;
  readonly rules?: StandardSchemaV1<RulesInput, Rules> | undefined;
  readonly events?: StandardSchemaV1<Event> | undefined;
}

type AnyRules = Readonly<Record<string, unknown>>;

/**
 * Makes a channel class. The types of `process` follow from `schema`, `rules` and `events`.
 * Throws `SluiceError` `invalid-option` for a definition that is none.
 */
export function defineChannel<Payload = unknown, Event = never, Rules = AnyRules, RulesInput = AnyRules>(
  definition: ChannelDefinition<Payload, Event, Rules, RulesInput>,
): ChannelClass<Payload, Event, Rules, RulesInput> {
  checkOptions('defineChannel', definition, definitionNames);
  checkDefinition(definition);
  const { schema, rules, events } = definition;
  const made = classOf(definition);
  // Only what is given, and not for each instance: thousands of channels have a class each, and V8 keeps a map of a class.
  if (schema !== undefined) Object.defineProperty(made.prototype, 'schema', { value: schema, writable: true });
  if (rules !== undefined) Object.defineProperty(made, 'rules', { value: rules, writable: true });
  if (events !== undefined) Object.defineProperty(made, 'events', { value: events, writable: true });
  return made as ChannelClass<Payload, Event, Rules, RulesInput>;
}

/** A class without a name. */
function classOf<Payload, Event, Rules, RulesInput>(definition: ChannelDefinition<Payload, Event, Rules, RulesInput>) {
  return class extends ProcessingChannel<Payload, Event, Rules> {
    readonly #work = workOf(definition);

    constructor() {
      super();
      equip(this, definition, this.#work);
    }

    override process(batch: readonly Payload[], context: BatchContext<Event, Rules>): void | Promise<void> {
      return this.#work.process(batch, context);
    }
  };
}

/**
 * Not methods of the class: `validate` would win over `schema`, and a context would be made for `warmUp` and `close`, even
 * where the definition has none. A class that extends this one may have its own.
 */
function equip<Payload, Event, Rules>(
  channel: ProcessingChannel<Payload, Event, Rules>,
  { validate }: { validate?(message: unknown): Payload },
  work: ChannelWork<Payload, Event, Rules>,
): void {
  if (validate !== undefined) channel.validate = validate;
  if (work.warmUp !== undefined) channel.warmUp ??= (context) => work.warmUp?.(context);
  if (work.close !== undefined) channel.close ??= (context) => work.close?.(context);
}

/** That of one instance; without state, the definition is the work of all. */
function workOf<Payload, Event, Rules>(
  definition: WithoutState<Payload, Event, Rules> | WithState<Payload, Event, Rules>,
): ChannelWork<Payload, Event, Rules> {
  if (definition.create === undefined) return definition;
  const work = definition.create();
  if (typeof work?.process === 'function') return work;
  throw invalidOption('defineChannel: create must return an object with a function process');
}

/** A caller without types may give anything. */
function checkDefinition(definition: object): void {
  const { process, create, schema, validate }: Partial<Record<keyof typeof definitionNames, unknown>> = definition;
  if ((typeof process === 'function') === (typeof create === 'function'))
    throw invalidOption('defineChannel: give either process or create, a function');
  if (schema !== undefined && validate !== undefined)
    throw invalidOption('defineChannel: give either schema or validate, not both');
}
