/**
 * The statechart of the router: the supervisor of all channels.
 *
 * The host starts it, as a root actor through `createRouter` or inside its own machine through `createRouterLogic`, and
 * ends it with `router.stop` or by ending its own machine. It decides when a failed channel is started again and when
 * that is given up; the fleet behind its port carries the actors out of its context, so that 10,000 cost no copying.
 */
import { assign, fromCallback, fromPromise, raise, sendTo, setup } from 'xstate';
import type { FleetCommand, FleetEvent, FleetPort } from '../src/core/fleet-port.ts';

interface RouterContext {
  readonly fleet: () => FleetPort;
  readonly cause: string;
  readonly error: unknown;
}

export type RouterEvent = FleetEvent | { readonly type: 'router.stop' };

export const routerMachine = setup({
  types: {
    context: {} as RouterContext,
    input: {} as { readonly fleet: () => FleetPort },
    events: {} as RouterEvent,
  },
  actors: {
    fleet: fromCallback<FleetCommand, () => FleetPort>(({ input, receive, sendBack, self }) => {
      receive((event) => input().receive(event));
      return input().launch(sendBack, self);
    }),
    escalation: fromPromise<never, { readonly error: unknown }>(async ({ input }) => {
      throw input.error;
    }),
  },
  guards: {
    isSettled: ({ context }) => context.fleet().isSettled,
    hasDown: ({ context }) => context.fleet().hasDown,
    isWhole: ({ context }) => !context.fleet().hasDown,
    isStopped: ({ context }) => context.fleet().isStopped,
    mayRestart: ({ context, event }) => 'id' in event && context.fleet().mayRestart(event.id),
    escalates: ({ context }) => context.fleet().escalates,
  },
  delays: {
    restartDelay: ({ context, event }) => ('id' in event ? context.fleet().restartInMs(event.id) : 0),
    stopDeadline: ({ context }) => context.fleet().stopInMs,
  },
  actions: {
    noteCause: assign(({ event }) => ({ cause: event.type })),
    noteError: assign(({ event }) => ({ error: 'error' in event ? event.error : undefined })),
    scheduleRestart: raise(({ event }) => ({ type: 'channel.restart', id: 'id' in event ? event.id : '' }), {
      delay: 'restartDelay',
    }),
    // Sent, not called: XState warns of an actor that is started while another one's action runs.
    restartChannel: sendTo('fleet', ({ event }) => ({ type: 'fleet.restart', id: 'id' in event ? event.id : '' })),
    drainChannels: sendTo('fleet', { type: 'fleet.drain' }),
  },
}).createMachine({
  id: 'router',
  context: ({ input }) => ({ fleet: input.fleet, cause: 'router.started', error: undefined }),
  invoke: { id: 'fleet', src: 'fleet', input: ({ context }) => context.fleet },
  initial: 'serving',
  states: {
    serving: {
      initial: 'starting',
      on: {
        'router.stop': 'stopping',
        'channel.failed': [
          { guard: 'mayRestart', actions: 'scheduleRestart' },
          { guard: 'escalates', target: 'failed', actions: 'noteError' },
          {},
        ],
        'channel.restart': { actions: 'restartChannel' },
        'channel.warmed': {},
        'channel.stopped': {},
      },
      states: {
        starting: {
          entry: 'noteCause',
          // With a channel that is down it goes on to degraded in the same step.
          always: { guard: 'isSettled', target: 'running' },
        },
        running: { entry: 'noteCause', always: { guard: 'hasDown', target: 'degraded' } },
        degraded: { entry: 'noteCause', always: { guard: 'isWhole', target: 'running' } },
      },
    },
    stopping: {
      entry: ['noteCause', 'drainChannels'],
      always: { guard: 'isStopped', target: 'stopped' },
      after: { stopDeadline: 'stopped' },
      on: { 'channel.stopped': {}, 'channel.failed': {}, 'source.stopped': {} },
    },
    stopped: { type: 'final', entry: 'noteCause' },
    failed: {
      entry: 'noteCause',
      invoke: { id: 'escalation', src: 'escalation', input: ({ context }) => ({ error: context.error }) },
    },
  },
});
