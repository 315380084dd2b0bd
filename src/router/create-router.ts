import { createActor } from 'xstate';
import { routerMachine } from '../../machines/router.ts';
import { createSystemClock } from '../adapters/system-clock.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { containInspector, type Inspect } from '../facts/inspect.ts';
import { buildCore, type Core } from './core.ts';
import type { Emitted } from './emitted.ts';
import { type ChannelFactories, type Plan, planRouter, type RouterOptions } from './plan.ts';
import { DataChannelRouter } from './router.ts';
import type { RouterActor, RouterLogic } from './router-actor.ts';

/** Options of a router that is the root of its own actor system. */
export interface CreateRouterOptions<Channels extends ChannelFactories> extends RouterOptions<Channels> {
  /** An XState inspector; sees the router and all channels. What it throws is contained. Default: none. */
  readonly inspect?: Inspect;
}

const routers = new WeakMap<object, DataChannelRouter>();

/**
 * Makes a router as the root of an actor system of its own; `start` starts it.
 * Throws `SluiceError`: `invalid-config` with every mistake, `invalid-option`, or `unknown-channel`.
 */
export function createRouter<const Channels extends ChannelFactories>(
  options: CreateRouterOptions<Channels>,
): DataChannelRouter<Emitted<Channels>> {
  const { clock = createSystemClock(), inspect } = options;
  let core: Core | undefined;
  const logic = logicOf(planRouter(options), (built) => {
    core = built;
  });
  const actor = createActor(logic, {
    id: 'router',
    clock,
    ...(inspect && { inspect: containInspector(inspect, () => core?.world.bus) }),
  });
  // XState keeps what was thrown while an actor was made.
  if (core === undefined) throw actor.getSnapshot().error;
  return routerOf(actor);
}

/**
 * The same router as XState actor logic, for a host's machine to `invoke` or `spawn`; `routerOf(ref)` is its router.
 * It starts with its actor and ends with it: `router.stop()` first lets it drain.
 */
export function createRouterLogic<const Channels extends ChannelFactories>(
  options: RouterOptions<Channels>,
): RouterLogic {
  return logicOf(planRouter(options), () => {});
}

/** The router behind an actor of `createRouterLogic`. Throws `SluiceError` `invalid-option` for any other actor. */
export function routerOf<Channels extends ChannelFactories = ChannelFactories>(
  actor: RouterActor,
): DataChannelRouter<Emitted<Channels>> {
  const router = routers.get(actor.getSnapshot().context?.fleet?.() ?? {});
  if (router === undefined)
    throw new SluiceError('invalid-option', 'routerOf: this actor is not one of createRouterLogic');
  // The names of the channels are known to the caller, who gave them to createRouterLogic.
  return router as unknown as DataChannelRouter<Emitted<Channels>>;
}

/** The router's machine, with parts of its own for each actor that is made of it. */
function logicOf(plan: Plan, built: (core: Core) => void): RouterLogic {
  const make: RouterLogic['getInitialSnapshot'] = (scope) => {
    const core = buildCore(plan);
    built(core);
    routers.set(core.fleet, new DataChannelRouter(core, scope.self as RouterActor));
    return routerMachine.getInitialSnapshot(scope, { fleet: () => core.fleet });
  };
  // XState reads logic through these members only; everything but the start is the machine's own.
  return Object.create(routerMachine, { getInitialSnapshot: { value: make } }) as RouterLogic;
}
