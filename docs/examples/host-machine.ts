import { createRouterLogic, type DrainReport, type RouterOptions, routerOf } from 'sluice';
import { assign, createActor, type ErrorActorEvent, fromPromise, setup, toPromise, waitFor } from 'xstate';

type HostEvent =
  | { readonly type: 'market.message'; readonly message: unknown }
  | { readonly type: 'market.closed' }
  | ErrorActorEvent;

/** The output of a host: the report about every message, or the error that halted the host. */
interface HostOutput {
  readonly report: DrainReport | null;
  readonly error: unknown;
}

/** The actor system of this host: its router is known to all actors by the `systemId` 'router'. */
interface HostSystem {
  get(systemId: 'router'): Parameters<typeof routerOf>[0];
}

function routerIn(system: HostSystem) {
  return routerOf(system.get('router'));
}

/**
 * A host that invokes a router. The host invokes it at the root, so that the router outlives the state `draining`: a
 * router whose actor ends before `stop` hands messages back, but does not call `close` of its channels.
 */
export function createHostMachine(options: RouterOptions) {
  return setup({
    types: { events: {} as HostEvent, context: {} as HostOutput, output: {} as HostOutput },
    actors: {
      router: createRouterLogic(options),
      // The router started with its actor. `start` waits until the channels are warm.
      warmUp: fromPromise(({ system }) => routerIn(system).start()),
      drain: fromPromise(({ system }: { system: HostSystem }) => routerIn(system).stop({ deadlineMs: 5_000 })),
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
      // With `onGiveUp: escalate`, a channel that is given up fails the router, and this event follows.
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

/** Routes messages through a host and closes the host. Resolves with the output of the host. */
export async function runHost(options: RouterOptions, messages: Iterable<unknown>): Promise<HostOutput> {
  const host = createActor(createHostMachine(options));
  const output = toPromise(host);
  host.start();
  // Messages accepted before the channels are warm wait for them. A drain at that moment would hand them back.
  await waitFor(host, ({ value }) => value !== 'opening');
  for (const message of messages) host.send({ type: 'market.message', message });
  host.send({ type: 'market.closed' });
  return output;
}
