import type { ActorLogic, ActorRefFrom, SnapshotFrom } from 'xstate';
import type { RouterEvent, routerMachine } from '../../machines/router.ts';

/** The logic of a router's actor: its statechart, which makes its own parts when it starts and takes no input. */
export type RouterLogic = ActorLogic<SnapshotFrom<typeof routerMachine>, RouterEvent, unknown>;
export type RouterActor = ActorRefFrom<RouterLogic>;
