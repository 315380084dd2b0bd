import {
  type AnyChannel,
  type BatchContext,
  type ChannelFactory,
  type LifeContext,
  ProcessingChannel,
} from '../channel/processing-channel.ts';
import { validatorOf } from '../channel/validator.ts';
import type { RecognitionRule } from '../core/recognition.ts';
import type { CallOut } from './record.ts';
import type { Recorder } from './recorder.ts';

/** A factory whose channels tell what they are called with and how it ends. */
export function recordFactory(recorder: Recorder, channel: string, factory: ChannelFactory): ChannelFactory {
  // What is no function that makes one is refused by the router, which says so better.
  if (typeof factory !== 'function' || factory.prototype instanceof ProcessingChannel) return factory;
  // A factory may give the same instance for every life.
  const wrapped = new WeakMap<AnyChannel, readonly string[]>();
  return () => {
    const record: CallOut & { is: 'make' } = { is: 'make', channel, has: [] };
    recorder.add(record);
    try {
      const instance = recorder.within(factory);
      const has = wrapped.get(instance) ?? recordInstance(recorder, channel, instance);
      wrapped.set(instance, has);
      recorder.has.set(channel, has);
      record.has = has;
      return instance;
    } catch (error) {
      record.error = error;
      throw error;
    }
  };
}

/** Its own methods take the place of those of its class; `this` stays the instance, whose private fields they may read. */
function recordInstance(recorder: Recorder, channel: string, instance: AnyChannel): readonly string[] {
  const has: string[] = [];
  // A validator asks its instance for `validate` at each message, which from now on is the one below.
  const original: AnyChannel = Object.create(instance, { validate: { value: instance.validate?.bind(instance) } });
  const validate = validatorOf(original);
  if (validate !== undefined) {
    has.push('validate');
    instance.validate = (message) => {
      const record: CallOut & { is: 'validate' } = { is: 'validate', channel };
      recorder.add(record);
      try {
        const payload = recorder.within(() => validate(message));
        if (payload !== message) record.payload = payload;
        return payload;
      } catch (error) {
        record.error = error;
        throw error;
      }
    };
  }
  for (const is of ['warmUp', 'close'] as const) {
    const original = instance[is];
    if (original === undefined) continue;
    has.push(is);
    instance[is] = (context) => {
      const call = begin(recorder, { is, channel });
      const result = outcomeOf(recorder, call, () => original.call(instance, tellingLife(recorder, call, context)));
      return result === undefined ? undefined : (settling(recorder, call, result) as Promise<void>);
    };
  }
  const { process } = instance;
  instance.process = (batch, context) => {
    const call = begin(recorder, { is: 'process', channel, size: batch.length, attempt: context.attempt });
    tellBatch(recorder, call, context);
    const result = outcomeOf(recorder, call, () => process.call(instance, batch, context));
    // A promise by its looks: the pump calls its `then`, so how the call ended is recorded in the very moment it is heard.
    return result === undefined ? undefined : Object.assign(Promise.resolve(), settling(recorder, call, result));
  };
  return has;
}

type Begun =
  | { is: 'process'; channel: string; size: number; attempt: number }
  | { is: 'warmUp' | 'close'; channel: string };

function begin(recorder: Recorder, begun: Begun): number {
  recorder.lastCall += 1;
  recorder.add({ ...begun, call: recorder.lastCall });
  return recorder.lastCall;
}

/** What a call returns if it is a promise; else it is over. */
function outcomeOf(recorder: Recorder, call: number, run: () => unknown): Promise<unknown> | undefined {
  try {
    const result = recorder.within(run);
    const isPromise =
      typeof result === 'object' && result !== null && 'then' in result && typeof result.then === 'function';
    recorder.add({ is: 'return', call, ...(isPromise && { isPromise }) });
    return isPromise ? Promise.resolve(result) : undefined;
  } catch (error) {
    recorder.add({ is: 'return', call, error });
    throw error;
  }
}

/** A promise of the host's, seen through: each end of it is something that comes in. */
function settling(recorder: Recorder, call: number, promise: Promise<unknown>) {
  const settled = (entry: { readonly error?: unknown }, go: () => unknown): unknown =>
    recorder.enter({ is: 'settle', call, ...entry }, go);
  return {
    // biome-ignore lint/suspicious/noThenProperty: it stands for a promise, and has to hear who waits for it
    then: (fulfilled?: ((value: undefined) => unknown) | null, rejected?: ((error: unknown) => unknown) | null) =>
      promise.then(
        () => settled({}, () => fulfilled?.(undefined)),
        (error: unknown) => settled({ error }, () => rejected?.(error)),
      ),
  };
}

/** From now on the context of a call tells what its implementer does with it. */
function tellBatch(recorder: Recorder, call: number, context: BatchContext): void {
  const { emit, fail } = context;
  context.emit = (event) => recorder.enter({ is: 'emit', call }, () => emit.call(context, event));
  context.fail = (index, error) =>
    recorder.enter({ is: 'fail', call, index, error }, () => fail.call(context, index, error));
}

function tellingLife(recorder: Recorder, call: number, context: LifeContext): LifeContext<unknown, unknown> {
  return { ...context, emit: (event) => recorder.enter({ is: 'emit', call }, () => context.emit(event)) };
}

/** A rule of `recognise` that tells its opinions. */
export function recordRule(recorder: Recorder, ask: RecognitionRule, rule: number): RecognitionRule {
  return (message) => {
    const record: CallOut & { is: 'rule' } = { is: 'rule', rule };
    recorder.add(record);
    try {
      const dataType = recorder.within(() => ask(message));
      if (typeof dataType === 'string') record.dataType = dataType;
      return dataType;
    } catch (error) {
      record.error = error;
      throw error;
    }
  };
}
