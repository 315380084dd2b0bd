import { feedMachine } from '../../machines/feed.ts';
import type { FeedPort } from '../../src/core/feed-port.ts';
import { afterType, type Model, type ModelEvent } from '../../src/testing/machine-paths.ts';

/** What the guards of a feed's chart read. */
export interface FeedWorld {
  readonly isWithinHours: boolean;
  readonly mustLogIn: boolean;
  readonly isSilent: boolean;
}

type Happening = readonly [type: string, change?: Partial<FeedWorld>];

/** The real chart of a feed over the facts of its connection. */
export function feedModel(mustLogIn: boolean): Model<FeedWorld> {
  return {
    machine: feedMachine,
    world: { isWithinHours: false, mustLogIn, isSilent: false },
    contextOf: (world) => ({ port: () => stubPort(world) }),
    events: (value, world) =>
      happeningsIn(value).map(
        ([type, change]): ModelEvent<FeedWorld> => ({ type, world: { ...world, isSilent: false, ...change } }),
      ),
    isOver: (value) => value === 'stopped',
    react: (_value, world) => ({ world }),
  };
}

const byHand: readonly Happening[] = [['feed.stop'], ['feed.reconnect'], ['subscriptions.changed']];
const losses: readonly Happening[] = [['socket.closed'], ['limit.reached'], ['service.ending'], ['login.refused']];

function happeningsIn(value: string): readonly Happening[] {
  const after = (delay: string): string => afterType(feedMachine, delay, value);
  switch (value) {
    case 'resting':
      return [...byHand, [after('rest')], [after('rest'), { isWithinHours: true }]];
    case 'active.connecting':
      return [...byHand, ...losses, [after('connectTimeout')], ['socket.opened']];
    case 'active.authenticating':
      return [...byHand, ...losses, [after('answerTimeout')], ['login.accepted']];
    case 'active.subscribing':
      return [...[...byHand, ...losses], [after('answerTimeout')], ['subscription.accepted'], ['subscription.refused']];
    case 'active.streaming.watched':
      return [
        ...[...byHand, ...losses],
        [after('watch')],
        [after('watch'), { isSilent: true }],
        [after('watch'), { isWithinHours: false }],
      ];
    case 'waiting':
      return [...byHand, [after('backoff')], [after('backoff'), { isWithinHours: false }]];
    default:
      return byHand;
  }
}

/** Where a feed has to be after an event, said a second time and apart from its chart. */
export function placeAfter(from: string, type: string, { isWithinHours, isSilent, mustLogIn }: FeedWorld): string {
  const connected = isWithinHours ? 'active.connecting' : 'resting';
  switch (type.replace(/^(xstate\.after\.\w+)\..*$/, '$1')) {
    case 'xstate.init':
    case 'xstate.after.rest':
    case 'xstate.after.backoff':
      return connected;
    case 'feed.reconnect':
      return from === 'resting' ? from : connected;
    case 'feed.stop':
      return 'stopped';
    case 'socket.opened':
      return mustLogIn ? 'active.authenticating' : 'active.subscribing';
    case 'login.accepted':
      return 'active.subscribing';
    case 'subscription.accepted':
      return 'active.streaming.watched';
    case 'subscription.refused':
    case 'login.refused':
      return 'failed';
    case 'socket.closed':
    case 'limit.reached':
    case 'service.ending':
    case 'xstate.after.connectTimeout':
    case 'xstate.after.answerTimeout':
      return 'waiting';
    case 'xstate.after.watch':
      if (!isWithinHours) return 'resting';
      return isSilent ? 'waiting' : from;
    default:
      return from;
  }
}

function stubPort(world: FeedWorld): FeedPort {
  const nothing = (): void => {};
  return {
    ...world,
    connectTimeoutMs: 1,
    answerTimeoutMs: 1,
    watch: { isSilent: world.isSilent, backoffInMs: 1, watchInMs: 1, restInMs: 1, fail: nothing },
    connect: () => nothing,
    logIn: nothing,
    subscribe: nothing,
    stream: nothing,
    look: nothing,
  };
}
