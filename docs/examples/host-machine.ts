import { createRouterLogic, type DrainReport, type RouterOptions, routerOf } from 'sluice';
import { assign, createActor, type ErrorActorEvent, fromPromise, setup, toPromise, waitFor } from 'xstate';

type HostEvent =
  | { readonly type: 'market.message'; readonly message: unknown }
  | { readonly type: 'market.closed' }
  | ErrorActorEvent;

/** What is left of a host: what became of every message, or why it was halted. */
interface HostOutput {
  readonly report: DrainReport | null;
  readonly error: unknown;
}

/** The router of this host: `systemId` makes its actor known to all actors of the system. */
function routerIn(system: { get(systemId: 'router'): Parameters<typeof routerOf>[0] }) {
  return routerOf(system.get('router'));
}

/**
 * A host with a router in it. The router is invoked at the root, so that it outlives `draining`: an actor that ends
 * before its router was stopped hands back what it can, but closes no channel.
 */
export function createHostMachine(options: RouterOptions) {
  return setup({
    types: { events: {} as HostEvent, context: {} as HostOutput, output: {} as HostOutput },
    actors: {
      router: createRouterLogic(options),
      // The router started with its actor; this waits until its channels are warm.
      warmUp: fromPromise(({ system }) => routerIn(system).start()),
      drain: fromPromise<DrainReport>(({ system }) => routerIn(system).stop({ deadlineMs: 5_000 })),
    },
    actions: {
      route: ({ system }, { message }: { message: unknown }) => routerIn(system).route(message),
    },
  }).createMachine({
    id: 'host',
    context: { report: null, error: null },
    invoke: { id: 'router', systemId: 'router', src: 'router' },
    on: {
      'market.message': { actions: { type: 'route', params: ({ event }) => ({ message: event.message }) } },
      'market.closed': '.draining',
      // A channel that was given up, with `onGiveUp: escalate`, ends up here.
      'xstate.error.actor.*': { target: '.halted', actions: assign({ error: ({ event }) => event.error }) },
    },
    initial: 'opening',
    states: {
      opening: { invoke: { id: 'warmUp', src: 'warmUp', onDone: 'open' } },
      open: {},
      draining: {
        invoke: {
          id: 'drain',
          src: 'drain',
          onDone: { target: 'closed', actions: assign({ report: ({ event }) => event.output }) },
        },
      },
      closed: { type: 'final' },
      halted: { type: 'final' },
    },
    output: ({ context }) => context,
  });
}

/** Passes messages through a host and closes it; resolves with what became of them. */
export async function runHost(options: RouterOptions, messages: Iterable<unknown>): Promise<HostOutput> {
  const host = createActor(createHostMachine(options));
  const output = toPromise(host);
  host.start();
  // What is accepted before the channels are warm waits for them; a drain would hand it back instead.
  await waitFor(host, ({ value }) => value !== 'opening');
  for (const message of messages) host.send({ type: 'market.message', message });
  host.send({ type: 'market.closed' });
  return output;
}
