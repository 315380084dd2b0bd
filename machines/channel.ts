/**
 * The statechart of one channel (or one partition of it): which mode it is in, and why it is not delivering.
 *
 * The router's fleet starts it with a `ChannelPort` and ends it with `channel.drain`. It sees edges, never messages.
 * It promises that leaving a delivering state never aborts the call in flight: that call belongs to the port, so one
 * region is enough, and the state is always one word.
 */
import { assign, setup } from 'xstate';
import type { ChannelPort, DeliveryMode } from '../src/core/channel-port.ts';

/** Context keeps the port behind a function, so that inspectors neither walk nor serialize the data plane. */
interface ChannelContext {
  readonly port: () => ChannelPort;
  /** The event that led into the present state. */
  readonly cause: string;
  readonly error: unknown;
}

export type ChannelEvent =
  | { readonly type: 'warmUp.finished' }
  | { readonly type: 'warmUp.failed'; readonly error: unknown }
  | { readonly type: 'close.finished' }
  | { readonly type: 'message.waiting' }
  | { readonly type: 'batch.full' }
  | { readonly type: 'batch.flush' }
  | { readonly type: 'batch.failed' }
  | { readonly type: 'isolation.finished' }
  | { readonly type: 'delivery.quieted' }
  | { readonly type: 'breaker.opened' }
  | { readonly type: 'breaker.closed' }
  | { readonly type: 'wait.shortened' }
  | { readonly type: 'call.hung'; readonly error: unknown }
  | { readonly type: 'channel.pause' }
  | { readonly type: 'channel.resume' }
  | { readonly type: 'channel.restart' }
  | { readonly type: 'channel.reconfigured' }
  | { readonly type: 'channel.drain' }
  | { readonly type: 'channel.abandon' };

export interface ChannelOutput {
  readonly status: 'stopped' | 'failed';
  readonly cause: string;
  readonly error: unknown;
}

export const channelMachine = setup({
  types: {
    context: {} as ChannelContext,
    input: {} as { readonly port: () => ChannelPort },
    events: {} as ChannelEvent,
    output: {} as ChannelOutput,
  },
  guards: {
    isPaused: ({ context }) => context.port().isPaused,
    isTripped: ({ context }) => context.port().isTripped,
    isDue: ({ context }) => context.port().isDue,
    hasWork: ({ context }) => context.port().hasWork,
    isIsolating: ({ context }) => context.port().isIsolating,
    mayIsolate: ({ context }) => context.port().isIsolating && !context.port().mustWait,
    mustWait: ({ context }) => context.port().mustWait,
  },
  delays: {
    warmUpTimeout: ({ context }) => context.port().warmUpTimeoutMs,
    batchAge: ({ context }) => context.port().dueInMs,
    retryDelay: ({ context }) => context.port().retryInMs,
    coolDown: ({ context }) => context.port().coolDownInMs,
    drainDeadline: ({ context }) => context.port().drainInMs,
    closeDeadline: ({ context }) => context.port().closeInMs,
  },
  actions: {
    noteCause: assign(({ event }) => ({ cause: event.type })),
    noteError: assign(({ event }) => ({ error: 'error' in event ? event.error : undefined })),
    deliver: ({ context }, { mode }: { readonly mode: DeliveryMode }) => context.port().deliver(mode),
    hold: ({ context }) => context.port().hold(),
    // No actors: every channel has these states, and an actor would cost more than all the rest of a start or a stop.
    warmUp: ({ context }) => context.port().warmUp(),
    close: ({ context }) => context.port().close(),
    endWork: ({ context }) => context.port().endWork(),
  },
}).createMachine({
  id: 'channel',
  context: ({ input }) => ({ port: input.port, cause: 'channel.started', error: undefined }),
  initial: 'warming',
  on: { 'channel.abandon': '.stopped' },
  states: {
    warming: {
      entry: ['noteCause', 'warmUp'],
      exit: 'endWork',
      after: { warmUpTimeout: 'failed' },
      on: {
        'warmUp.finished': 'ready',
        'warmUp.failed': { target: 'failed', actions: 'noteError' },
        'channel.drain': 'closing',
        'channel.restart': 'failed',
      },
    },
    ready: {
      initial: 'idle',
      on: {
        'breaker.opened': 'tripped',
        'call.hung': { target: 'failed', actions: 'noteError' },
        'channel.pause': 'paused',
        'channel.restart': 'failed',
        'channel.drain': 'draining',
      },
      states: {
        idle: {
          entry: 'noteCause',
          always: [
            { guard: 'isPaused', target: '#channel.paused' },
            { guard: 'isTripped', target: '#channel.tripped' },
            { guard: 'mustWait', target: 'retrying' },
            { guard: 'isDue', target: 'flushing' },
            { guard: 'hasWork', target: 'buffering' },
          ],
          on: { 'message.waiting': [{ guard: 'isDue', target: 'flushing' }, { target: 'buffering' }] },
        },
        buffering: {
          entry: 'noteCause',
          after: { batchAge: 'flushing' },
          on: {
            'batch.full': 'flushing',
            'batch.flush': 'flushing',
            'channel.reconfigured': [
              { guard: 'isDue', target: 'flushing' },
              { target: 'buffering', reenter: true },
            ],
          },
        },
        flushing: {
          entry: ['noteCause', { type: 'deliver', params: { mode: 'flush' } }],
          exit: 'hold',
          on: {
            'delivery.quieted': 'idle',
            'batch.failed': [{ guard: 'mayIsolate', target: 'isolating' }, { target: 'retrying' }],
          },
        },
        retrying: {
          entry: 'noteCause',
          after: { retryDelay: [{ guard: 'isIsolating', target: 'isolating' }, { target: 'flushing' }] },
          on: { 'wait.shortened': { target: 'retrying', reenter: true } },
        },
        isolating: {
          entry: ['noteCause', { type: 'deliver', params: { mode: 'isolate' } }],
          exit: 'hold',
          on: { 'isolation.finished': 'flushing', 'batch.failed': 'retrying' },
        },
        probing: {
          entry: ['noteCause', { type: 'deliver', params: { mode: 'probe' } }],
          exit: 'hold',
          // A call that says nothing about the sink, such as one from before the trip, failed: the trials go on.
          on: { 'breaker.closed': 'flushing', 'batch.failed': '#channel.tripped' },
        },
      },
    },
    tripped: {
      entry: 'noteCause',
      after: { coolDown: 'ready.probing' },
      on: {
        'breaker.opened': { target: 'tripped', reenter: true },
        'breaker.closed': 'ready',
        'wait.shortened': { target: 'tripped', reenter: true },
        'call.hung': { target: 'failed', actions: 'noteError' },
        'channel.pause': 'paused',
        'channel.restart': 'failed',
        'channel.drain': 'draining',
      },
    },
    paused: {
      entry: 'noteCause',
      on: {
        'channel.resume': 'ready',
        'call.hung': { target: 'failed', actions: 'noteError' },
        'channel.restart': 'failed',
        'channel.drain': 'closing',
      },
    },
    draining: {
      entry: 'noteCause',
      initial: 'delivering',
      after: { drainDeadline: 'closing' },
      on: { 'delivery.quieted': 'closing' },
      states: {
        delivering: {
          entry: { type: 'deliver', params: { mode: 'drain' } },
          exit: 'hold',
          always: { guard: 'mustWait', target: 'waiting' },
          on: { 'batch.failed': 'waiting', 'breaker.opened': 'waiting' },
        },
        waiting: {
          after: { retryDelay: 'delivering' },
          on: { 'breaker.closed': 'delivering', 'wait.shortened': { target: 'waiting', reenter: true } },
        },
      },
    },
    closing: {
      entry: ['noteCause', 'close'],
      exit: 'endWork',
      after: { closeDeadline: 'stopped' },
      on: { 'close.finished': 'stopped' },
    },
    stopped: { type: 'final', entry: 'noteCause', output: { status: 'stopped' } },
    failed: { type: 'final', entry: 'noteCause', output: { status: 'failed' } },
  },
  output: ({ context, event }) => ({
    ...(event.output as Pick<ChannelOutput, 'status'>),
    cause: context.cause,
    error: context.error,
  }),
});
