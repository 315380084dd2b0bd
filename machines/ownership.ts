/**
 * The statechart of one partition at one member of a cluster: who may read it, and how it is handed over.
 *
 * A source starts one for each partition and ends it by `assignment.changed` while it is closing. What is given away is
 * drained first and released second. Only a refused write says that a partition is lost; no clock does.
 */
import { assign, fromCallback, fromPromise, setup } from 'xstate';
import type { OwnershipEvent, OwnershipPort, StayEvent } from '../src/core/ownership-port.ts';

interface OwnershipContext {
  readonly port: OwnershipPort;
  readonly cause: string;
}

export const ownershipMachine = setup({
  types: {
    context: {} as OwnershipContext,
    input: {} as { readonly port: OwnershipPort },
    events: {} as OwnershipEvent,
  },
  actors: {
    acquire: fromPromise<void, OwnershipPort>(({ input, signal }) => input.acquire(signal)),
    findPosition: fromPromise<'found' | 'went-back', OwnershipPort>(({ input, signal }) => input.findPosition(signal)),
    keep: fromCallback<StayEvent, OwnershipPort>(({ input, sendBack }) => input.keep(sendBack)),
    drain: fromPromise<void, OwnershipPort>(({ input }) => input.drain()),
    release: fromPromise<void, OwnershipPort>(({ input }) => input.release()),
  },
  guards: {
    isWanted: ({ context }) => context.port.isWanted,
    isUnwanted: ({ context }) => !context.port.isWanted,
    isClosing: ({ context }) => context.port.isClosing,
    wentBack: ({ event }) => 'output' in event && event.output === 'went-back',
  },
  delays: {
    drainBudget: ({ context }) => context.port.drainMs,
  },
  actions: {
    noteCause: assign(({ event }) => ({ cause: event.type })),
    handOver: ({ context }) => context.port.handOver(),
    decline: ({ context }) => context.port.decline(),
    endStay: ({ context }) => context.port.endStay(),
    reportHalt: ({ context }) => context.port.reportHalt(),
  },
}).createMachine({
  id: 'ownership',
  context: ({ input }) => ({ port: input.port, cause: 'source.started' }),
  initial: 'standby',
  on: { 'assignment.changed': {} },
  states: {
    standby: {
      entry: 'noteCause',
      always: [
        { guard: 'isClosing', target: 'closed' },
        { guard: 'isWanted', target: 'acquiring' },
      ],
    },
    acquiring: {
      entry: 'noteCause',
      invoke: { id: 'acquire', src: 'acquire', input: ({ context }) => context.port, onDone: 'owned' },
      // An attempt may be under way, so the lease is given back as if it were there.
      always: { guard: 'isUnwanted', target: 'owned.releasing' },
    },
    owned: {
      invoke: { id: 'keep', src: 'keep', input: ({ context }) => context.port },
      on: { 'ownership.lost': { target: 'standby', actions: 'endStay' } },
      initial: 'positioning',
      states: {
        positioning: {
          entry: 'noteCause',
          invoke: {
            id: 'findPosition',
            src: 'findPosition',
            input: ({ context }) => context.port,
            onDone: [{ guard: 'wentBack', target: 'halted' }, { target: 'running' }],
          },
          always: { guard: 'isUnwanted', target: 'releasing' },
        },
        running: {
          entry: ['noteCause', 'handOver'],
          always: { guard: 'isUnwanted', target: 'draining' },
          on: {
            'stay.released': { target: 'releasing', actions: 'decline' },
            'log.wentBack': { target: 'halted', actions: 'endStay' },
          },
        },
        halted: {
          entry: ['noteCause', 'reportHalt'],
          always: { guard: 'isUnwanted', target: 'releasing' },
          on: { 'position.chosen': 'positioning' },
        },
        draining: {
          entry: 'noteCause',
          invoke: { id: 'drain', src: 'drain', input: ({ context }) => context.port, onDone: 'releasing' },
          // Whoever closes the source has drained it already: nothing is asked to drain.
          always: { guard: 'isClosing', target: 'releasing' },
          after: { drainBudget: 'releasing' },
        },
        releasing: {
          entry: ['noteCause', 'endStay'],
          invoke: { id: 'release', src: 'release', input: ({ context }) => context.port, onDone: '#ownership.standby' },
        },
      },
    },
    closed: { type: 'final', entry: 'noteCause' },
  },
});
