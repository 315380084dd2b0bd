import { ownershipMachine } from '../../machines/ownership.ts';
import type { OwnershipPort } from '../../src/core/ownership-port.ts';
import { afterType, type Model, type ModelEvent } from '../../src/testing/machine-paths.ts';

/** What the rest of the cluster wants of this member. */
export interface OwnershipWorld {
  readonly isWanted: boolean;
  readonly isClosing: boolean;
}

const wanted = { isWanted: true, isClosing: false };
const unwanted = { isWanted: false, isClosing: false };
const closing = { isWanted: false, isClosing: true };

/** The real chart of an ownership, with everything that can happen to it. */
export const ownershipModel: Model<OwnershipWorld> = {
  machine: ownershipMachine,
  world: unwanted,
  contextOf: (world) => ({ port: stubPort(world) }),
  events: (value, world) => [
    ...(world.isClosing ? [] : [wanted, unwanted, closing].map((next) => happening('assignment.changed', next))),
    ...happeningsIn(value, world),
  ],
  isOver: (value) => value === 'closed',
  react: (_, world) => ({ world }),
};

function happeningsIn(value: string, world: OwnershipWorld): readonly ModelEvent<OwnershipWorld>[] {
  const own: Readonly<Record<string, readonly ModelEvent<OwnershipWorld>[]>> = {
    acquiring: [happening('xstate.done.actor.acquire', world)],
    'owned.positioning': [
      happening('xstate.done.actor.findPosition', world, 'found'),
      happening('xstate.done.actor.findPosition', world, 'went-back'),
    ],
    'owned.running': [happening('stay.released', { ...world, isWanted: false }), happening('log.wentBack', world)],
    'owned.halted': [happening('position.chosen', world)],
    'owned.draining': [
      happening('xstate.done.actor.drain', world),
      happening(afterType(ownershipMachine, 'drainBudget', 'owned.draining'), world),
    ],
    'owned.releasing': [happening('xstate.done.actor.release', world)],
  };
  const lost = value.startsWith('owned.') ? [happening('ownership.lost', world)] : [];
  return [...(own[value] ?? []), ...lost];
}

function happening(type: string, world: OwnershipWorld, output?: string): ModelEvent<OwnershipWorld> {
  return { type, world, ...(output === undefined ? {} : { output }) };
}

function stubPort(world: OwnershipWorld): OwnershipPort {
  const never = new Promise<never>(() => {});
  return {
    ...world,
    drainMs: 1_000,
    acquire: () => never,
    findPosition: () => never,
    keep: () => () => {},
    handOver() {},
    drain: () => never,
    endStay() {},
    decline() {},
    release: () => never,
    reportHalt() {},
  };
}
