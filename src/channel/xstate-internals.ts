/**
 * The one place that reaches behind XState's public surface, tried with the versions that
 * test/integration/xstate-versions.test.ts names. Without it everything works, at the cost each function states.
 */
import type { AnyActorRef, AnyEventObject } from 'xstate';
import type { Clock } from '../core/clock.ts';
import { createPatientTimers } from '../core/patient-timers.ts';

interface Queued {
  readonly next: Queued | null;
}

/** What XState's type of an actor leaves out. */
interface InternalActor {
  eventListeners: ReadonlyMap<string, unknown>;
  observers: Observers;
  _deferred: readonly unknown[];
  readonly mailbox: { _current: Queued | null; flush(): void };
}

/** What XState's type of a system leaves out. */
interface InternalSystem {
  readonly _clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly _relay: (source: AnyActorRef | undefined, target: AnyActorRef, event: AnyEventObject) => void;
}

const NO_OPTIONS = Object.freeze({});
const NO_LISTENERS: ReadonlyMap<string, unknown> = new Map();

/** As much of a Set as XState uses, in 250 bytes less for each channel. */
class Observers extends Array<unknown> {
  get size(): number {
    return this.length;
  }

  add(observer: unknown): void {
    this.push(observer);
  }

  delete(observer: unknown): void {
    const at = this.indexOf(observer);
    if (at !== -1) this.splice(at, 1);
  }

  clear(): void {
    this.length = 0;
  }
}

/** As `actor.subscribe`, for an actor that has no observer yet; without a subscription to keep. XState calls `error` without its object. */
export function observe<Snapshot>(
  actor: { readonly ref: unknown },
  observer: { next(snapshot: Snapshot): void; readonly error: (error: unknown) => void },
): void {
  (actor as unknown as InternalActor).observers = Observers.of(observer) as Observers;
}

/**
 * After a transition. XState has read the options of an actor that was started, and would keep them; it has a map for
 * listeners of what the actor emits, and room for seventeen effects: 750 bytes for each channel, which emits nothing.
 */
export function slim(actor: { options: unknown }): void {
  actor.options = NO_OPTIONS;
  const internal = actor as unknown as InternalActor;
  internal.eventListeners = NO_LISTENERS;
  internal._deferred = [];
}

/**
 * The queue of an actor stands still for ever after an exception out of the middle of it, such as a stack overflow. Lets
 * it go on; to be called on an empty stack. True: it stood still.
 */
export function unstick(actor: AnyActorRef): boolean {
  const { mailbox } = actor as unknown as InternalActor;
  if (mailbox._current === null) return false;
  mailbox._current = mailbox._current.next;
  mailbox.flush();
  return true;
}

/** Throws now what a transition would throw in its middle: there is no room on the stack for so many calls in each other. */
export function ensureStack(calls = 300): number {
  return calls === 0 ? 0 : ensureStack(calls - 1) + 1;
}

/**
 * Gives a router's actor, and all that are made under it, timers of their own, on the same clock. XState's would look for
 * an actor's timers among those of the whole system: with n channels, each start, batch and stop would cost n steps.
 */
export function keepTimersApart(scope: { self: object; system: AnyActorRef['system'] }, clock: Clock): void {
  const { system } = scope;
  const { _clock: systemClock, _relay: relay } = system as unknown as InternalSystem;
  const timers = createPatientTimers(systemClock, clock);
  const pending = new Map<AnyActorRef, { readonly name: unknown; readonly timer: unknown }[]>();
  const forget = (source: AnyActorRef, name: unknown): unknown => {
    const own = pending.get(source) ?? [];
    const at = own.findIndex((each) => each.name === name);
    const [found] = at === -1 ? [] : own.splice(at, 1);
    if (own.length === 0) pending.delete(source);
    return found?.timer;
  };
  const apart: AnyActorRef['system']['scheduler'] = {
    schedule(source, target, event, delay, id) {
      // One without a name is never canceled by it.
      const name = id ?? Symbol(event.type);
      const fire = (): void => {
        forget(source, name);
        relay(source, target, event);
      };
      // Not pushed: V8 would make room for seventeen, and most actors have one.
      pending.set(source, (pending.get(source) ?? []).concat({ name, timer: timers.setTimeout(fire, delay) }));
    },
    cancel: (source, id) => timers.clearTimeout(forget(source, id)),
    cancelAll(source) {
      for (const { timer } of pending.get(source) ?? []) timers.clearTimeout(timer);
      pending.delete(source);
    },
  };
  scope.system = Object.create(system, { scheduler: { value: apart } }) as AnyActorRef['system'];
  (scope.self as { system: AnyActorRef['system'] }).system = scope.system;
}
