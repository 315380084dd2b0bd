import { routerMachine } from '../../machines/router.ts';
import type { FleetPort } from '../../src/core/fleet-port.ts';
import { afterType, type Model, type ModelEvent } from '../../src/testing/machine-paths.ts';

/** What has become of a channel; `restarting` is warming for the second time. */
type Life =
  | 'warming'
  | 'up'
  | 'busy'
  | 'down'
  | 'given up'
  | 'restarting'
  /** Its constructor stops the router, and then throws. */
  | 'treacherous'
  | 'draining'
  | 'closing'
  | 'stopped'
  | 'removed';

/** The fleet of two channels, one that fails and one beside it, and of a source. */
export interface FleetWorld {
  readonly source: 'up' | 'closing' | 'stopped';
  readonly frail: Life;
  readonly steady: Life;
  readonly failures: number;
  /** The frail one has warmed up or failed at least once. */
  readonly isFrailSettled: boolean;
  /** A restart is scheduled. */
  readonly isScheduled: boolean;
  readonly escalates: boolean;
}

/** More failures than this, and a channel is given up. */
export const RESTARTS_MAX = 1;

type Happening = readonly [type: string, world: FleetWorld, id?: 'frail' | 'steady'];

/** The real chart of the router over a small fleet. */
export function routerModel(escalates: boolean): Model<FleetWorld> {
  return {
    machine: routerMachine,
    world: {
      source: 'up',
      frail: 'warming',
      steady: 'warming',
      failures: 0,
      isFrailSettled: false,
      isScheduled: false,
      escalates,
    },
    contextOf: (world) => ({ fleet: () => stubFleet(world) }),
    events: (value, world) =>
      (value === 'stopping' ? stopHappenings(world) : serveHappenings(world)).map(
        ([type, next, id = 'frail']): ModelEvent<FleetWorld> => ({ type, id, world: next }),
      ),
    isOver: (value) => value === 'stopped',
    react,
  };
}

/** An escalation fails at once, and so does a constructor, whatever it did before. */
function react(value: string, world: FleetWorld): { world: FleetWorld; event?: string } {
  if (value === 'failed') return { world, event: 'xstate.error.actor.escalation' };
  if (world.frail !== 'treacherous') return { world };
  return { world: { ...world, frail: 'stopped' }, event: 'channel.failed' };
}

/** The facts a fleet shows to the guards while it serves. */
export function fleetFactsOf({ source, frail, steady, isFrailSettled, escalates }: FleetWorld) {
  const isDown = frail === 'down' || frail === 'given up' || frail === 'restarting';
  return {
    isSettled: (isFrailSettled || frail === 'removed') && steady !== 'warming',
    hasDown: isDown,
    isStopped: (frail === 'stopped' || frail === 'removed') && steady === 'stopped' && source === 'stopped',
    mayRestart: isDown && frail !== 'given up',
    escalates,
  };
}

function serveHappenings(world: FleetWorld): Happening[] {
  const { frail, steady, isScheduled } = world;
  const isWarming = frail === 'warming' || frail === 'restarting';
  const isUp = frail === 'up' || frail === 'busy';
  return [
    ['router.stop', stopping(world)],
    ...when(isScheduled && frail === 'down', [
      'router.stop',
      { ...stopping(world), frail: 'treacherous', isScheduled: false },
    ]),
    ...when(steady === 'warming', ['channel.warmed', { ...world, steady: 'up' }, 'steady']),
    ...when(isWarming, ['channel.warmed', { ...world, frail: 'up', isFrailSettled: true }]),
    ...when((isWarming || frail === 'busy') && !isScheduled, ['channel.failed', failed(world)]),
    ...when(isScheduled, ['channel.restart', restarted(world)]),
    ...when(frail !== 'removed' && !isScheduled, ['channel.stopped', { ...world, frail: 'removed' }]),
    ...when(frail === 'up', ['weather.message', { ...world, frail: 'busy' }]),
    ...when(isUp && !isScheduled, ['weather.restart', { ...world, frail: 'down', failures: 0, isScheduled: true }]),
    ...when(frail === 'down' || frail === 'given up', [
      'weather.restart',
      { ...world, frail: 'restarting', failures: 0 },
    ]),
  ];
}

function stopHappenings(world: FleetWorld): Happening[] {
  const { frail, steady, isScheduled } = world;
  const isEnding = frail === 'draining' || frail === 'closing';
  return [
    ...when(isEnding, ['channel.stopped', { ...world, frail: 'stopped' }]),
    ...when(steady === 'closing', ['channel.stopped', { ...world, steady: 'stopped' }, 'steady']),
    ...when(world.source === 'closing', ['source.stopped', { ...world, source: 'stopped' }]),
    ...when(isScheduled, ['channel.restart', { ...world, isScheduled: false }]),
    ...when(frail === 'draining', [afterType(routerMachine, 'stopDeadline', 'stopping'), world]),
  ];
}

function failed(world: FleetWorld): FleetWorld {
  const failures = world.failures + 1;
  const isGivenUp = failures > RESTARTS_MAX;
  return { ...world, failures, frail: isGivenUp ? 'given up' : 'down', isFrailSettled: true, isScheduled: !isGivenUp };
}

/** By hand it may have been started already. */
function restarted(world: FleetWorld): FleetWorld {
  return { ...world, frail: world.frail === 'down' ? 'restarting' : world.frail, isScheduled: false };
}

/** Who lives closes, once what is in flight has settled; who is down has nothing to close. */
function stopping(world: FleetWorld): FleetWorld {
  const after: Partial<Record<Life, Life>> = {
    busy: 'draining',
    down: 'stopped',
    'given up': 'stopped',
    removed: 'removed',
  };
  return { ...world, source: 'closing', frail: after[world.frail] ?? 'closing', steady: 'closing' };
}

function when(holds: boolean, happening: Happening): Happening[] {
  return holds ? [happening] : [];
}

function stubFleet(world: FleetWorld): FleetPort {
  const { mayRestart, ...facts } = fleetFactsOf(world);
  return {
    ...facts,
    stopInMs: 0,
    mayRestart: () => mayRestart,
    restartInMs: () => 0,
    launch: () => () => {},
    receive: () => {},
  };
}
