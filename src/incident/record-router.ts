import type { ChannelFactory } from '../channel/processing-channel.ts';
import { errorText } from '../core/error-text.ts';
import type { RouterEvents } from '../facts/events.ts';
import type { Core } from '../router/core.ts';
import type { DataChannelRouter } from '../router/router.ts';
import type { Entry, Fact } from './record.ts';
import { recordFactory } from './record-channels.ts';
import type { Recorder } from './recorder.ts';

/** Methods that do something or, as they read the clock, look: a re-run calls them again. */
const METHODS = [
  'start',
  'stop',
  'add',
  'remove',
  'reconfigure',
  'trip',
  'reset',
  'pause',
  'resume',
  'flush',
  'restart',
  'metrics',
  'health',
  'explain',
] as const;

/** From now on everything that comes in to this router is recorded, and what it tells. */
export function recordRouter(recorder: Recorder, core: Core, router: DataChannelRouter): void {
  recordFacts(recorder, core);
  recordIntake(recorder, core);
  // Each takes and returns what the method it replaces does.
  const methods = router as unknown as Methods<(typeof METHODS)[number]>;
  for (const name of METHODS) recordMethod(recorder, methods, name, name);
  const deadLetters = router.deadLetters as unknown as Methods<'drop' | 'replay'>;
  for (const name of ['drop', 'replay'] as const) recordMethod(recorder, deadLetters, name, `deadLetters.${name}`);
}

type Methods<Name extends string> = Record<Name, (...args: unknown[]) => unknown>;

function recordMethod<Name extends string>(recorder: Recorder, owner: Methods<Name>, method: Name, name: string): void {
  const original = owner[method].bind(owner);
  owner[method] = (...args) => {
    const entry: Entry & { is: 'call' } = { is: 'call', name, args: [...args] };
    const [channel, factory, ...rest] = args;
    // The channel of `add`: its factory cannot be written, and what it makes is recorded as well.
    const passed =
      name === 'add' ? [channel, recordFactory(recorder, String(channel), factory as ChannelFactory), ...rest] : args;
    return recorder.enter(entry, () => {
      try {
        const result = original(...passed);
        if (result instanceof Promise) recorder.waitFor(result);
        return result;
      } catch (error) {
        entry.outcome = errorText(error);
        throw error;
      }
    });
  };
}

function recordIntake(recorder: Recorder, { intake, world }: Core): void {
  const { turns } = world;
  const route = intake.route.bind(intake);
  const offer = intake.offer.bind(intake);
  const isSliceOver = turns.isSliceOver.bind(turns);
  intake.route = (message, dataType) => {
    const entry: Entry & { is: 'route' } = { is: 'route', message, dataType };
    const outcome = recorder.enter(entry, () => route(message, dataType));
    entry.outcome = outcome.status === 'accepted' ? outcome.status : outcome.reason;
    return outcome;
  };
  intake.offer = (message, options) => {
    const { dataType, signal } = options;
    recorder.lastOffer += 1;
    const id = recorder.lastOffer;
    const entry: Entry & { is: 'offer' } = { is: 'offer', offer: id, message, dataType };
    // Before the router's own listener, which is added by the offer: what comes in is recorded first.
    const withdrawn = (): void => recorder.enter({ is: 'withdraw', offer: id }, () => {});
    signal?.addEventListener('abort', withdrawn, { once: true });
    const forget = (): void => signal?.removeEventListener('abort', withdrawn);
    const outcome = recorder.enter(entry, () => offer(message, options));
    if (outcome instanceof Promise) {
      entry.outcome = 'waits';
      outcome.then(forget, forget);
      recorder.waitFor(outcome);
    } else {
      entry.outcome = outcome.status === 'accepted' ? outcome.status : outcome.reason;
      forget();
    }
    return outcome;
  };
  // Asked from outside it is `consume` that asks, between two offers.
  turns.isSliceOver = () => (recorder.isOutside ? recorder.enter({ is: 'turn' }, isSliceOver) : isSliceOver());
}

/** Each fact is recorded before anybody hears of it: what a listener does comes in from within. */
function recordFacts(recorder: Recorder, { world }: Core): void {
  const { bus } = world;
  const publish = bus.publish.bind(bus);
  // Told only while somebody listens, which a re-run could not know.
  bus.tap('batch.flushed', () => {});
  bus.publish = <Type extends keyof RouterEvents>(type: Type, event: RouterEvents[Type]): void => {
    const fact = factOf(type, event);
    if (fact !== undefined) recorder.add(fact);
    if (fact?.is === 'alert') publish(type, event);
    else recorder.within(() => publish(type, event));
  };
}

/** What a fact says, without payloads; undefined: its cause is recorded already. */
export function factOf<Type extends keyof RouterEvents>(type: Type, event: RouterEvents[Type]): Fact | undefined {
  if (type === 'event') return undefined;
  const fact: Record<string, unknown> = { is: type.startsWith('alert.') ? 'alert' : 'fact', type };
  // Ids of dead letters are their store's; messages are those that came in.
  for (const [key, value] of Object.entries(event)) {
    const isPlain = value === null || (value !== undefined && typeof value !== 'object') || key === 'error';
    if (isPlain && value !== undefined && key !== 'id' && key !== 'message') fact[key] = value;
  }
  return fact as Fact;
}
