import { Actor, createActor } from 'xstate';
import { routerMachine } from '../../machines/router.ts';
import { createSystemClock } from '../adapters/system-clock.ts';
import type { ChannelOf, ChannelSources } from '../channel/channel-source.ts';
import { markAsOurs, refuse } from '../channel/copies.ts';
import type { EventOf } from '../channel/processing-channel.ts';
import { keepTimersApart } from '../channel/xstate-internals.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { checkInspect, containInspector, type Inspect } from '../facts/inspect.ts';
import { type Plan, planRouter } from './definitions.ts';
import { buildParts } from './parts.ts';
import { DataChannelRouter, partsOf } from './router.ts';
import type { RouterActor, RouterLogic } from './router-actor.ts';
import { type AnyConfig, type RouterOptions, routerOptions } from './router-options.ts';

/** Options of a router that is the root of its own actor system. */
export interface CreateRouterOptions<Channels extends ChannelSources, Config = AnyConfig>
  extends RouterOptions<Channels, Config> {
  /** An XState inspector; sees the router and all channels. What it throws is contained. Default: none. */
  readonly inspect?: Inspect;
}

/** The names of these options. */
export const createRouterOptions: OptionNames<CreateRouterOptions<ChannelSources>> = {
  ...routerOptions,
  inspect: true,
};

/** What the channels of a router emit: the channel's name, and its event. */
export type Emitted<Channels extends ChannelSources> = {
  [Name in keyof Channels & string]: { readonly channel: Name; readonly event: EventOf<ChannelOf<Channels[Name]>> };
}[keyof Channels & string];

const TWO_XSTATES =
  "the host's machine is of another copy of xstate than sluice's; `npm ls xstate` shows both, and one is enough";

const routers = new WeakMap<object, DataChannelRouter>();

/**
 * Makes a router as the root of an actor system of its own; `start` starts it.
 * Throws `SluiceError`: `invalid-config` with every mistake, or `invalid-option`.
 */
export function createRouter<const Channels extends ChannelSources, const Config>(
  options: CreateRouterOptions<Channels, Config>,
): DataChannelRouter<Emitted<Channels>>;
export function createRouter(options: CreateRouterOptions<ChannelSources>): DataChannelRouter {
  checkOptions('createRouter', options, createRouterOptions);
  const { clock = createSystemClock(), inspect } = options;
  if (inspect !== undefined) checkInspect(inspect);
  let router: DataChannelRouter | undefined;
  const logic = logicOf(planRouter({ ...options, clock }), (made) => {
    router = made;
  });
  const bus = () => router && partsOf(router).services.bus;
  const actor = createActor(logic, {
    id: 'router',
    clock,
    ...(inspect && { inspect: containInspector(inspect, bus) }),
  });
  // XState keeps what was thrown while an actor was made.
  if (router === undefined) throw actor.getSnapshot().error;
  return router;
}

/**
 * The same router as XState actor logic, for a host's machine to `invoke` or `spawn`; `routerOf(ref)` is its router.
 * It starts with its actor and ends with it: `router.stop()` first lets it drain.
 */
export function createRouterLogic<const Channels extends ChannelSources, const Config>(
  options: RouterOptions<Channels, Config>,
): RouterLogic;
export function createRouterLogic(options: RouterOptions): RouterLogic {
  checkOptions('createRouterLogic', options, routerOptions);
  return logicOf(planRouter(options));
}

/** The router behind an actor of `createRouterLogic`. Throws `SluiceError` `invalid-option` for any other actor. */
export function routerOf<Channels extends ChannelSources = ChannelSources>(
  actor: RouterActor,
): DataChannelRouter<Emitted<Channels>> {
  const fleet = actor?.getSnapshot?.().context?.fleet?.();
  const router = routers.get(fleet ?? {});
  if (router === undefined) return refuse(fleet, 'an actor of createRouterLogic');
  // The caller knows the names of the channels: it gave them to createRouterLogic.
  return router as unknown as DataChannelRouter<Emitted<Channels>>;
}

/** The router's machine, with parts of its own for each actor that is made of it. */
function logicOf(plan: Plan, made?: (router: DataChannelRouter) => void): RouterLogic {
  const getInitialSnapshot: RouterLogic['getInitialSnapshot'] = (scope) => {
    const parts = buildParts(plan);
    keepTimersApart(scope, parts.services.clock);
    if (!(scope.self instanceof Actor)) parts.services.logger.warn({}, TWO_XSTATES);
    const router = new DataChannelRouter(parts, scope.self as RouterActor);
    const { supervisor } = parts.fleet;
    routers.set(supervisor, router);
    markAsOurs(supervisor);
    markAsOurs(router);
    made?.(router);
    return routerMachine.getInitialSnapshot(scope, { fleet: () => supervisor });
  };
  const getPersistedSnapshot: RouterLogic['getPersistedSnapshot'] = (snapshot, options) => {
    if (snapshot.status === 'active') throw unpersisted();
    return routerMachine.getPersistedSnapshot(snapshot, options);
  };
  // Refused at the start: XState passes an error on to the parent only then.
  const start: typeof routerMachine.start = (snapshot) => {
    if (snapshot.context.fleet === undefined) throw unpersisted();
    routerMachine.start(snapshot);
  };
  // XState reads logic through these members only; everything but start and end is the machine's own.
  return Object.create(routerMachine, {
    getInitialSnapshot: { value: getInitialSnapshot },
    getPersistedSnapshot: { value: getPersistedSnapshot },
    start: { value: start },
  }) as RouterLogic;
}

/** Messages, timers and calls in flight are in no snapshot: what came back would be a router that delivers nothing. */
function unpersisted(): SluiceError {
  return new SluiceError(
    'refused',
    'a running router can be neither persisted nor restored: persist the machine around it after router.stop(), or keep the router outside of it (docs/guides/hosting.md#persisting-your-machine)',
  );
}
