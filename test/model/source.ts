import { sourceMachine } from '../../machines/source.ts';
import type { ReadingPort } from '../../src/core/reading-port.ts';
import { afterType, type Model, type ModelEvent } from '../../src/testing/machine-paths.ts';

/** A source with one partition, whose window holds one frame. */
export interface SourceWorld {
  readonly hasPartition: boolean;
  readonly isRevoking: boolean;
  /** A frame is out and fills the window. */
  readonly isFull: boolean;
  /** The last failure said that no other start can help. */
  readonly isFinal: boolean;
}

const START: SourceWorld = { hasPartition: false, isRevoking: false, isFull: false, isFinal: false };

type Happening = readonly [type: string, world: SourceWorld];

/** The real chart of a source over a small world. */
export const sourceModel: Model<SourceWorld> = {
  machine: sourceMachine,
  world: START,
  contextOf: (world) => ({ port: () => stubPort(world) }),
  events: (value, world) =>
    [...ownHappenings(value, world), ...commonHappenings(value, world)].map(
      ([type, next]): ModelEvent<SourceWorld> => ({ type, world: next }),
    ),
  react: (value, world) =>
    value === 'releasing' && !world.hasPartition ? { world, event: 'xstate.done.actor.release' } : { world },
  isOver: (value) => value === 'stopped' || value === 'closing',
};

/** The facts a source shows to the guards. */
export function sourceFactsOf({ hasPartition, isFinal, isFull, isRevoking }: SourceWorld) {
  return {
    hasPartitions: hasPartition,
    isRevoking,
    isHeld: hasPartition && isFull,
    isQuiet: !isFull,
    mayRestart: !isFinal,
  };
}

function ownHappenings(value: string, world: SourceWorld): Happening[] {
  switch (value) {
    case 'starting':
      return [
        ['xstate.done.actor.start', world],
        ...failures('xstate.error.actor.start'),
        [after('startTimeout', value), START],
        ...when(!world.hasPartition, 'partition.assigned', { ...world, hasPartition: true }),
      ];
    case 'ready.standby':
      return [['partition.assigned', { ...world, hasPartition: true }]];
    case 'ready.reading':
      return [
        ['window.filled', { ...world, isFull: true }],
        ['partition.revoked', { ...world, isRevoking: true }],
        ['partition.ended', START],
        ...failures('source.failed'),
      ];
    case 'ready.held':
      return [
        ['window.opened', { ...world, isFull: false }],
        ['partition.revoked', { ...world, isRevoking: true }],
        ['partition.ended', START],
      ];
    case 'ready.revoking':
      return [['partition.ended', START]];
    case 'recovering':
      return [
        ['xstate.done.actor.recover', world],
        ['xstate.error.actor.recover', world],
      ];
    case 'waiting':
      return [
        [after('restartDelay', value), world],
        ['source.restart', world],
      ];
    case 'failed':
      return [['source.restart', { ...world, isFinal: false }]];
    default:
      return endHappenings(value, world);
  }
}

function endHappenings(value: string, world: SourceWorld): Happening[] {
  switch (value) {
    case 'draining':
      return [
        ['source.quieted', { ...world, isFull: false }],
        ['partition.ended', START],
        [after('drainDeadline', value), world],
      ];
    case 'releasing':
      return [
        ['xstate.done.actor.release', START],
        ['xstate.error.actor.release', START],
        [after('releaseDeadline', value), world],
      ];
    case 'closing':
      return [
        ['xstate.done.actor.close', START],
        ['xstate.error.actor.close', START],
        [after('closeDeadline', value), START],
      ];
    default:
      return [];
  }
}

function commonHappenings(value: string, world: SourceWorld): Happening[] {
  const isEnding = value === 'draining' || value === 'releasing' || value === 'closing';
  return [['source.abandon', START], ...when(!isEnding, 'source.drain', world)];
}

/** Every stay ends with a failure. */
function failures(type: string): Happening[] {
  return [
    [type, START],
    [type, { ...START, isFinal: true }],
  ];
}

function after(delay: string, path: string): string {
  return afterType(sourceMachine, delay, path);
}

function when(holds: boolean, type: string, world: SourceWorld): Happening[] {
  return holds ? [[type, world]] : [];
}

function stubPort(world: SourceWorld): ReadingPort {
  return {
    ...sourceFactsOf(world),
    startTimeoutMs: 0,
    restartInMs: 0,
    drainInMs: 0,
    releaseInMs: 0,
    closeInMs: 0,
    start: async () => {},
    read: () => {},
    hold: () => {},
    recover: async () => {},
    release: async () => {},
    close: async () => {},
  };
}
