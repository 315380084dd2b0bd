import { type Actor, type ActorLogic, type ActorRefFrom, type SnapshotFrom, waitFor } from 'xstate';
import type { RouterEvent, routerMachine } from '../../machines/router.ts';
import type { Bus } from '../facts/bus.ts';
import { stateName } from '../facts/chart-words.ts';
import type { Supervisor } from './supervisor.ts';

/** The logic of a router's actor: its statechart, which makes its own parts when it starts and takes no input. */
export type RouterLogic = ActorLogic<SnapshotFrom<typeof routerMachine>, RouterEvent, unknown>;
export type RouterActor = ActorRefFrom<RouterLogic>;

/** Starts the actor; resolves when every channel has warmed up or failed, and throws what the actor itself failed with. */
export async function startActor(actor: RouterActor, bus: Bus): Promise<void> {
  // A host's machine has started its actor already, which makes this a no-op.
  bus.changes.during(() => (actor as Actor<RouterLogic>).start());
  await until(actor, () => stateOf(actor) !== 'starting');
  const { status, error } = actor.getSnapshot();
  if (status === 'error') throw error;
}

/** The state of a router, whose actor was launched or not. */
export function routerState(
  actor: RouterActor,
  { isLaunched, isStopping }: Pick<Supervisor, 'isLaunched' | 'isStopping'>,
): string {
  // An actor that was never started does not note that it was stopped.
  return isStopping && !isLaunched ? 'stopped' : stateOf(actor);
}

function stateOf(actor: RouterActor): string {
  const { status, value } = actor.getSnapshot();
  // A host that ends its machine stops the actor in whatever state it is.
  return status === 'stopped' ? 'stopped' : stateName(value);
}

/** Publishes each state the router enters. */
export function publishStates(actor: RouterActor, bus: Bus): void {
  let from: string | null = null;
  actor.subscribe({
    next: ({ value, context }) => {
      const to = stateName(value);
      if (to === from) return;
      bus.publishAfterwards('router.entered', { from, to, cause: context.cause });
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
