import type { AnyActorRef } from 'xstate';

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
