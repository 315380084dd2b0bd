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
  readonly observers: Set<object>;
  readonly _actorScope: { emit(): void };
  readonly mailbox: { _current: Queued | null; flush(): void };
}

/** What XState's type of a system leaves out. */
interface InternalSystem {
  readonly _clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly _relay: (source: AnyActorRef | undefined, target: AnyActorRef, event: AnyEventObject) => void;
}

/** A timer of an actor; most have one at a time. */
interface Pending {
  readonly name: unknown;
  readonly timer: unknown;
  next: Pending | undefined;
}

const nothing = (): void => {};
const NO_OPTIONS = Object.freeze({});
const NO_LISTENERS: ReadonlyMap<string, unknown> = new Map();

/** As `subscribe` of an actor that has not ended, without an object and two functions for each. */
export function observe(actor: object, observer: object): void {
  (actor as InternalActor).observers.add(observer);
}

/**
 * XState has read the options of an actor that was started, and would keep them, and it has a map for listeners of what the
 * actor emits and a function for that: 650 bytes for each channel, which emits nothing.
 */
export function slim(actor: { options: unknown }): void {
  actor.options = NO_OPTIONS;
  const internal = actor as unknown as InternalActor;
  internal.eventListeners = NO_LISTENERS;
  internal._actorScope.emit = nothing;
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

/** As much as the arguments of some 300 calls in each other. */
const ROOM = Array.from({ length: 2_500 }, () => 0);

/** Throws now what a transition would throw in its middle: there is not so much room on the stack. */
export function ensureStack(): void {
  nothing.apply(undefined, ROOM as []);
}

/**
 * Gives a router's actor, and all that are made under it, timers of their own. XState's would find an actor's timers among
 * those of the whole system whenever an actor ends: with one pending in each of n channels, each start, each batch and
 * each stop of a channel would cost n steps. These run on the same clock as XState's.
 */
export function keepTimersApart(scope: { self: object; system: AnyActorRef['system'] }, clock: Clock): void {
  const { system } = scope;
  const { _clock: systemClock, _relay: relay } = system as unknown as InternalSystem;
  const timers = createPatientTimers(systemClock, clock);
  const pending = new Map<AnyActorRef, Pending>();
  const forget = (source: AnyActorRef, name: unknown): unknown => {
    let before: Pending | undefined;
    let at = pending.get(source);
    while (at !== undefined && at.name !== name) [before, at] = [at, at.next];
    if (at === undefined) return undefined;
    if (before !== undefined) before.next = at.next;
    else if (at.next === undefined) pending.delete(source);
    else pending.set(source, at.next);
    return at.timer;
  };
  const apart: AnyActorRef['system']['scheduler'] = {
    schedule(source, target, event, delay, id) {
      // One without a name is never canceled by it.
      const name = id ?? Symbol(event.type);
      const fire = (): void => {
        forget(source, name);
        relay(source, target, event);
      };
      pending.set(source, { name, timer: timers.setTimeout(fire, delay), next: pending.get(source) });
    },
    cancel: (source, id) => timers.clearTimeout(forget(source, id)),
    cancelAll(source) {
      for (let at = pending.get(source); at !== undefined; at = at.next) timers.clearTimeout(at.timer);
      pending.delete(source);
    },
  };
  scope.system = Object.create(system, { scheduler: { value: apart } }) as AnyActorRef['system'];
  (scope.self as { system: AnyActorRef['system'] }).system = scope.system;
}
