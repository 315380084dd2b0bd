/**
 * The one place that reaches behind XState's public surface, tried with the versions that
 * test/integration/xstate-versions.test.ts names. Without it everything works, at the cost each function states.
 */
import type { AnyActorRef } from 'xstate';

const NO_OPTIONS = Object.freeze({});

/** XState has read the options of an actor that was started, and would keep them: 400 bytes for each channel. */
export function forgetOptions(actor: { options: unknown }): void {
  actor.options = NO_OPTIONS;
}

/**
 * Keeps apart the timers of actors that are made under `parent` from now on. Whenever an actor ends, XState looks for its
 * timers among those of the whole system: with one pending in each of n channels, each start, each batch and each stop
 * of a channel would cost n steps. Here they are found by name, for a chart has few; they remain the system's timers.
 */
export function keepTimersApart(parent: AnyActorRef): void {
  const { scheduler } = parent.system;
  const names = new Set<string>();
  const apart: AnyActorRef['system']['scheduler'] = {
    ...scheduler,
    schedule(source, target, event, delay, name = event.type) {
      names.add(name);
      scheduler.schedule(source, target, event, delay, name);
    },
    cancelAll(source) {
      for (const name of names) scheduler.cancel(source, name);
    },
  };
  parent.system = Object.create(parent.system, { scheduler: { value: apart } }) as AnyActorRef['system'];
}
