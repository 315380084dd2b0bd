import { type ActorLogic, type ActorRefFrom, type SnapshotFrom, waitFor } from 'xstate';
import type { RouterEvent, routerMachine } from '../../machines/router.ts';
import type { Bus } from '../facts/bus.ts';
import { stateName } from '../facts/state-name.ts';

/** The logic of a router's actor: its statechart, which makes its own parts when it starts and takes no input. */
export type RouterLogic = ActorLogic<SnapshotFrom<typeof routerMachine>, RouterEvent, unknown>;
export type RouterActor = ActorRefFrom<RouterLogic>;

/** Publishes each state the router enters. */
export function publishStates(actor: RouterActor, bus: Bus): void {
  let from: string | null = null;
  actor.subscribe({
    next: ({ value, context }) => {
      const to = stateName(value);
      if (to === from) return;
      bus.publish('router.entered', { from, to, cause: context.cause });
      from = to;
    },
    // The host's machine gets the error anyway; without a listener XState would throw a root's error into the process.
    error() {},
  });
}

/** Resolves when `holds` says so, or when the actor has come to its end. */
export async function until(actor: RouterActor, holds: () => boolean): Promise<void> {
  if (actor.getSnapshot().status === 'active') await waitFor(actor, holds).catch(() => {});
}
