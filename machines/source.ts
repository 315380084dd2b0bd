/**
 * The statechart of one source: whether it is read, and why not.
 *
 * The router's fleet starts it with a `ReadingPort` and ends it with `source.drain`. It sees edges, never frames. It
 * promises that nothing is read outside `ready`, that a source that failed is closed before it is started again, and
 * that the last commits are written before the source is closed.
 */
import { assign, fromCallback, fromPromise, setup } from 'xstate';
import type { ReadingPort } from '../src/core/reading-port.ts';

/** Context keeps the port behind a function, so that inspectors neither walk nor serialize the frames. */
interface SourceContext {
  readonly port: () => ReadingPort;
  /** The event that led into the present state. */
  readonly cause: string;
  readonly error: unknown;
}

export type SourceEvent =
  | { readonly type: 'partition.assigned' }
  | { readonly type: 'partition.revoked' }
  | { readonly type: 'partition.ended' }
  | { readonly type: 'window.filled' }
  | { readonly type: 'window.opened' }
  | { readonly type: 'source.quieted' }
  | { readonly type: 'source.failed'; readonly error: unknown }
  | { readonly type: 'source.restart' }
  | { readonly type: 'source.drain' }
  | { readonly type: 'source.abandon' };

export const sourceMachine = setup({
  types: {
    context: {} as SourceContext,
    input: {} as { readonly port: () => ReadingPort },
    events: {} as SourceEvent,
  },
  actors: {
    start: fromPromise<void, () => ReadingPort>(({ input }) => input().start()),
    recover: fromPromise<void, { readonly port: () => ReadingPort; readonly error: unknown }>(({ input }) =>
      input.port().recover(input.error),
    ),
    release: fromPromise<void, () => ReadingPort>(({ input }) => input().release()),
    close: fromPromise<void, () => ReadingPort>(({ input }) => input().close()),
    reading: fromCallback<SourceEvent, () => ReadingPort>(({ input }) => {
      input().read();
      return () => input().hold();
    }),
  },
  guards: {
    hasPartitions: ({ context }) => context.port().hasPartitions,
    isRevoking: ({ context }) => context.port().isRevoking,
    isHeld: ({ context }) => context.port().isHeld,
    isQuiet: ({ context }) => context.port().isQuiet,
    mayRestart: ({ context }) => context.port().mayRestart,
  },
  delays: {
    startTimeout: ({ context }) => context.port().startTimeoutMs,
    restartDelay: ({ context }) => context.port().restartInMs,
    drainDeadline: ({ context }) => context.port().drainInMs,
    releaseDeadline: ({ context }) => context.port().releaseInMs,
    closeDeadline: ({ context }) => context.port().closeInMs,
  },
  actions: {
    noteCause: assign(({ event }) => ({ cause: event.type })),
    noteError: assign(({ event }) => ({ error: 'error' in event ? event.error : undefined })),
    noteLate: assign(() => ({ error: new Error('the source did not start in time') })),
    forgetError: assign(() => ({ error: undefined })),
  },
}).createMachine({
  id: 'source',
  context: ({ input }) => ({ port: input.port, cause: 'source.started', error: undefined }),
  initial: 'starting',
  on: { 'source.abandon': '.stopped' },
  states: {
    starting: {
      entry: 'noteCause',
      invoke: {
        id: 'start',
        src: 'start',
        input: ({ context }) => context.port,
        onDone: { target: 'ready', actions: 'forgetError' },
        onError: { target: 'recovering', actions: 'noteError' },
      },
      after: { startTimeout: { target: 'recovering', actions: 'noteLate' } },
      on: { 'source.drain': 'closing' },
    },
    ready: {
      initial: 'standby',
      invoke: { id: 'reading', src: 'reading', input: ({ context }) => context.port },
      on: {
        'partition.assigned': '.standby',
        'partition.revoked': '.standby',
        'partition.ended': '.standby',
        'window.filled': '.standby',
        'window.opened': '.standby',
        'source.failed': { target: 'recovering', actions: 'noteError' },
        'source.drain': 'draining',
      },
      states: {
        standby: {
          entry: 'noteCause',
          always: [
            { guard: 'isRevoking', target: 'revoking' },
            { guard: 'isHeld', target: 'held' },
            { guard: 'hasPartitions', target: 'reading' },
          ],
        },
        // They are entered through standby, with its cause.
        reading: {},
        held: {},
        revoking: {},
      },
    },
    recovering: {
      entry: 'noteCause',
      invoke: {
        id: 'recover',
        src: 'recover',
        input: ({ context }) => ({ port: context.port, error: context.error }),
        onDone: [{ guard: 'mayRestart', target: 'waiting' }, { target: 'failed' }],
        onError: [{ guard: 'mayRestart', target: 'waiting' }, { target: 'failed' }],
      },
      on: { 'source.drain': 'closing' },
    },
    waiting: {
      entry: 'noteCause',
      after: { restartDelay: 'starting' },
      on: { 'source.restart': 'starting', 'source.drain': 'stopped' },
    },
    failed: { entry: 'noteCause', on: { 'source.restart': 'starting', 'source.drain': 'stopped' } },
    draining: {
      entry: 'noteCause',
      always: { guard: 'isQuiet', target: 'releasing' },
      after: { drainDeadline: 'releasing' },
      on: { 'source.quieted': {}, 'partition.ended': {} },
    },
    releasing: {
      entry: 'noteCause',
      invoke: {
        id: 'release',
        src: 'release',
        input: ({ context }) => context.port,
        onDone: 'closing',
        onError: 'closing',
      },
      after: { releaseDeadline: 'closing' },
    },
    closing: {
      entry: 'noteCause',
      invoke: {
        id: 'close',
        src: 'close',
        input: ({ context }) => context.port,
        onDone: 'stopped',
        onError: 'stopped',
      },
      after: { closeDeadline: 'stopped' },
    },
    stopped: { type: 'final', entry: 'noteCause' },
  },
});
