/**
 * The statechart of one feed: how far its connection to a service is, and why no messages come.
 *
 * `createFeed` makes it with a `FeedPort`; the host or its router starts it, and ends it with `feed.stop`. It sees edges,
 * never messages. It promises that a refused login or a subscription that is refused as a whole is not tried again until
 * someone asks for it, and that every other end of a connection is followed by a wait and another attempt.
 */
import { assign, fromCallback, setup } from 'xstate';
import type { FeedPort, FeedSignal } from '../src/core/feed-port.ts';

/** Context keeps the port behind a function, so that inspectors neither walk nor serialize the connection. */
interface FeedContext {
  readonly port: () => FeedPort;
  /** The event that led into the present state. */
  readonly cause: string;
  readonly error: unknown;
}

export type FeedEvent =
  | FeedSignal
  | { readonly type: 'subscriptions.changed' }
  | { readonly type: 'feed.reconnect' }
  | { readonly type: 'feed.stop' };

export const feedMachine = setup({
  types: {
    context: {} as FeedContext,
    input: {} as { readonly port: () => FeedPort },
    events: {} as FeedEvent,
  },
  actors: {
    connection: fromCallback<FeedEvent, () => FeedPort>(({ input, sendBack }) => input().connect(sendBack)),
  },
  guards: {
    isWithinHours: ({ context }) => context.port().isWithinHours,
    isOutsideHours: ({ context }) => !context.port().isWithinHours,
    mustLogIn: ({ context }) => context.port().mustLogIn,
    isSilent: ({ context }) => context.port().watch.isSilent,
  },
  delays: {
    connectTimeout: ({ context }) => context.port().connectTimeoutMs,
    answerTimeout: ({ context }) => context.port().answerTimeoutMs,
    backoff: ({ context }) => context.port().watch.backoffInMs,
    watch: ({ context }) => context.port().watch.watchInMs,
    rest: ({ context }) => context.port().watch.restInMs,
  },
  actions: {
    noteCause: assign(({ event }) => ({ cause: event.type })),
    noteError: assign(({ event }) => ({ error: 'error' in event ? event.error : undefined })),
    noteFailure: ({ context }) => context.port().watch.fail(),
    logIn: ({ context }) => context.port().logIn(),
    subscribe: ({ context }) => context.port().subscribe(),
    stream: ({ context }) => context.port().stream(),
    look: ({ context }) => context.port().look(),
  },
}).createMachine({
  id: 'feed',
  context: ({ input }) => ({ port: input.port, cause: 'feed.started', error: undefined }),
  initial: 'resting',
  on: { 'feed.stop': '.stopped' },
  states: {
    resting: {
      entry: 'noteCause',
      always: { guard: 'isWithinHours', target: 'active' },
      after: { rest: { target: 'resting', reenter: true } },
    },
    active: {
      initial: 'connecting',
      invoke: { id: 'connection', src: 'connection', input: ({ context }) => context.port },
      on: {
        'socket.closed': 'waiting',
        'limit.reached': 'waiting',
        'service.ending': 'waiting',
        'login.refused': 'failed',
        'feed.reconnect': 'resting',
      },
      states: {
        connecting: {
          after: { connectTimeout: '#feed.waiting' },
          on: { 'socket.opened': [{ guard: 'mustLogIn', target: 'authenticating' }, { target: 'subscribing' }] },
        },
        authenticating: {
          entry: ['noteCause', 'logIn'],
          after: { answerTimeout: '#feed.waiting' },
          on: { 'login.accepted': 'subscribing' },
        },
        subscribing: {
          entry: ['noteCause', 'subscribe'],
          after: { answerTimeout: '#feed.waiting' },
          on: {
            'subscription.accepted': 'streaming',
            'subscription.refused': '#feed.failed',
            'subscriptions.changed': { actions: 'subscribe' },
          },
        },
        streaming: {
          entry: ['noteCause', 'stream'],
          on: { 'subscriptions.changed': { actions: 'subscribe' } },
          initial: 'watched',
          states: {
            watched: {
              after: {
                watch: [
                  { guard: 'isOutsideHours', target: '#feed.resting' },
                  { guard: 'isSilent', target: '#feed.waiting' },
                  { target: 'watched', reenter: true, actions: 'look' },
                ],
              },
            },
          },
        },
      },
    },
    waiting: {
      entry: ['noteCause', 'noteError', 'noteFailure'],
      after: { backoff: 'resting' },
      on: { 'feed.reconnect': 'resting' },
    },
    failed: { entry: ['noteCause', 'noteError'], on: { 'feed.reconnect': 'resting' } },
    stopped: { type: 'final', entry: 'noteCause' },
  },
});
