import { channelMachine } from '../../machines/channel.ts';
import type { ChannelPort } from '../core/channel-port.ts';
import {
  factsOf,
  isConclusive,
  newWorld,
  type World,
  withAllDelivered,
  withCall,
  withFailure,
  withFlushFailure,
  withOneFailure,
  withSuccess,
} from './channel-world.ts';
import { afterType, type Model, type ModelEvent } from './machine-paths.ts';

const after = (delay: string, path: string): string => afterType(channelMachine, delay, path);

type Happening = readonly [type: string, world: World];

/** The real chart of a channel over a small world. Events that begin with `weather.` never reach the chart. */
export function channelModel(batchSize: number): Model<World> {
  return {
    machine: channelMachine,
    world: newWorld(batchSize),
    contextOf: (world) => ({ port: (): ChannelPort => Object.assign(Object.create(restingPort), factsOf(world)) }),
    events: (value, world) =>
      [...(ownHappenings[value]?.(world) ?? []), ...commonHappenings(value, world)].map(
        ([type, next]): ModelEvent<World> => ({ type, world: next }),
      ),
    react,
    isOver: (value) => value === 'closing' || value === 'stopped' || value === 'failed',
  };
}

/** A delivering state takes the next batch; a drain without one ends. */
function react(value: string, world: World): { world: World; event?: string } {
  const isDraining = value === 'draining.delivering';
  if (value !== 'ready.flushing' && value !== 'ready.isolating' && value !== 'ready.probing' && !isDraining)
    return { world };
  const breaker = isDraining && world.breaker === 'open' ? 'half-open' : world.breaker;
  const next = withCall({ ...world, breaker }, isDraining || value === 'ready.probing');
  return isDraining && next.call === 0 ? { world, event: 'delivery.quieted' } : { world: next };
}

const ownHappenings: Readonly<Record<string, (world: World) => Happening[]>> = {
  warming: (world) => [
    ['warmUp.finished', world],
    ['warmUp.failed', world],
    [after('warmUpTimeout', 'warming'), world],
  ],
  'ready.idle': (world) => [['message.waiting', withMessage(world)]],
  'ready.buffering': (world) => [
    ['batch.full', withMessage(world)],
    ['batch.flush', { ...world, isOverdue: true }],
    [after('batchAge', 'ready.buffering'), { ...world, isOverdue: true, isBackingOff: false }],
    ['channel.reconfigured', world],
    ['channel.reconfigured', { ...world, batchSize: 1 }],
  ],
  'ready.flushing': (world) => [
    ['delivery.quieted', withAllDelivered(world, false)],
    ...failures('batch.failed', world, withFlushFailure),
  ],
  'ready.retrying': (world) => waitHappenings('ready.retrying', world),
  tripped: (world) => waitHappenings('tripped', world),
  'draining.waiting': (world) => waitHappenings('draining.waiting', world),
  'ready.isolating': (world) => [
    ['isolation.finished', withAllDelivered(world, false)],
    ...failures('batch.failed', world),
  ],
  'ready.probing': probeHappenings,
  paused: (world) => [['channel.resume', { ...world, isPaused: false }]],
  'draining.delivering': drainHappenings,
  closing: (world) => [
    ['close.finished', world],
    [after('closeDeadline', 'closing'), world],
  ],
};

/** What happens in the states that wait. */
function waitHappenings(value: string, world: World): Happening[] {
  const shortened: Happening = ['wait.shortened', withWaitsEnded(world, true)];
  const closed: Happening = ['breaker.closed', withBreaker(withWaitsEnded(world), 'closed')];
  if (value === 'ready.retrying')
    return [[after('retryDelay', value), withBackoffOver(world)], ...(world.isBackingOff ? [shortened] : [])];
  if (value === 'tripped')
    return [closed, [after('coolDown', value), withCoolDownOver(world)], ...(world.isCooling ? [shortened] : [])];
  return [
    ...when(world.isDeadlineNear, after('drainDeadline', 'draining'), world),
    ...(world.breaker === 'closed' ? [] : [closed]),
    ...(world.isDeadlineNear ? [] : [shortened]),
    ...when(!world.isDeadlineNear, after('retryDelay', value), withBackoffOver(world)),
  ];
}

function commonHappenings(value: string, world: World): Happening[] {
  const isReady = value.startsWith('ready.');
  const isOpen = isReady || value === 'warming' || value === 'tripped' || value === 'paused';
  const isWatching = value === 'ready.idle' || value === 'ready.buffering';
  const isFresh = world.held.length === 0 && !world.isRepeated && world.waiting < world.batchSize;
  const isQuiet = value === 'tripped' || value === 'paused' || value === 'draining.waiting';
  const mayFail = world.call > 0 && world.waiting === 0 && (world.isLate || world.breaker !== 'half-open');
  return [
    ['channel.abandon', world],
    ...when(isOpen, 'channel.drain', withWaitsEnded(world)),
    ...when(isOpen, 'channel.drain', { ...withWaitsEnded(world), isDeadlineNear: true }),
    ...when(isOpen, 'channel.restart', world),
    ...when(isOpen && !world.isPaused, 'channel.pause', { ...world, isPaused: true }),
    ...when(canTrip(value, world), 'breaker.opened', { ...withBreaker(world, 'open'), isHeldOpen: true }),
    ...when(isOpen && value !== 'warming' && world.call > 0, 'call.hung', world),
    ...when(isOpen && !isWatching && isFresh && canMixWithCall(value, world), 'weather.message', withMessage(world)),
    ...when(
      world.call > 0 && (world.breaker === 'half-open' ? world.isLate : isQuiet),
      'weather.success',
      withSuccess(world),
    ),
    ...when(isQuiet && mayFail, 'weather.failure', withOneFailure(world)),
  ];
}

/** An operator trips the breaker, or trips it again while it cools down. */
function canTrip(value: string, world: World): boolean {
  return value === 'tripped' ? world.isCooling : world.breaker === 'closed' && !value.startsWith('draining.waiting');
}

/** Each message that arrives while probes run would be another batch, which covers nothing new. */
function canMixWithCall(value: string, world: World): boolean {
  return world.breaker === 'closed' || value !== 'ready.probing' || world.call === 0;
}

function probeHappenings(world: World): Happening[] {
  if (world.isLate) return isConclusive(world) ? failures('batch.failed', world) : [];
  const probed = world.call === 0 ? { ...world, call: 1, isRepeated: false } : world;
  return [
    ['breaker.closed', { ...withSuccess(probed), breaker: 'closed' }],
    ...when(world.waiting === 0, 'breaker.opened', withBreaker(withFailure(probed), 'open')),
  ];
}

function drainHappenings(world: World): Happening[] {
  const sinkFails = (): Happening[] => {
    if (world.isLate && world.breaker === 'half-open')
      return isConclusive(world) ? failures('batch.failed', world) : [];
    if (world.breaker === 'closed') return failures('batch.failed', world);
    return when(world.waiting === 0, 'breaker.opened', withBreaker(withFailure(world), 'open'));
  };
  return [
    ['delivery.quieted', withAllDelivered({ ...world, breaker: 'closed' }, true)],
    [after('drainDeadline', 'draining'), world],
    ...sinkFails(),
  ];
}

/** The sink keeps failing. With new messages behind it, which would be tried too, that covers nothing new. */
function failures(type: string, world: World, withEnd = withFailure): Happening[] {
  return when(world.call > 0 && world.waiting === 0, type, withEnd(world));
}

function when(holds: boolean, type: string, world: World): Happening[] {
  return holds ? [[type, world]] : [];
}

function withMessage(world: World): World {
  return { ...world, waiting: world.waiting + 1 };
}

function withBreaker(world: World, breaker: World['breaker']): World {
  const isLate = world.isLate || (breaker === 'open' && world.call > 0);
  return { ...world, breaker, isCooling: breaker === 'open', isHeldOpen: false, isLate };
}

/** Messages that waited through the cool-down are overdue. No cool-down runs while a probe is running. */
function withCoolDownOver(world: World): World {
  const isOverdue = world.breaker === 'open' ? world.waiting > 0 : world.isOverdue;
  return { ...withBackoffOver(world), breaker: 'half-open', isOverdue };
}

function withBackoffOver(world: World): World {
  return { ...world, isBackingOff: false, isCooling: false, isHeldOpen: false };
}

/** Nothing holds the next attempt up but an operator. A flush makes what waits due, too. */
function withWaitsEnded(world: World, isFlush = false): World {
  const isOverdue = world.isOverdue || (isFlush && world.waiting > 0);
  return { ...world, isOverdue, isBackingOff: false, isCooling: world.isCooling && world.isHeldOpen };
}

/** The part of the world that no guard reads. */
const restingPort: Omit<ChannelPort, keyof ReturnType<typeof factsOf>> = {
  warmUpTimeoutMs: 0,
  dueInMs: 0,
  retryInMs: 0,
  coolDownInMs: 0,
  drainInMs: 0,
  closeInMs: 0,
  warmUp: () => {},
  close: () => {},
  endWork: () => {},
  deliver: () => {},
  hold: () => {},
};
