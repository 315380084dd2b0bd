import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { TestModel, type TestPath } from 'xstate/graph';

/** An event of a model, with the world after the event. */
export interface ModelEvent<World> extends EventObject {
  readonly world: World;
  /** The actor that the event is about, if there are several. */
  readonly id?: string;
}

/** A real machine with a model of the data plane beside it. */
export interface Model<World> {
  readonly machine: AnyStateMachine;
  readonly world: World;
  /** The input with which the machine reads a data plane in this state. */
  contextOf(world: World): object;
  /** The possible events, each with the data plane after it; includes events that never reach the machine. */
  events(value: string, world: World): readonly ModelEvent<World>[];
  /** Whether the data plane no longer matters in this state. */
  isOver(value: string): boolean;
  /** What the data plane does at once when a state is entered; it may end by sending an event. */
  react(value: string, world: World): { readonly world: World; readonly event?: string };
}

/** A snapshot of the model: the machine's, with the world. */
export type ModelSnapshot<World> = AnyMachineSnapshot & { readonly world: World };

/** More than this many steps mean that the abstraction lets the world grow. */
const STEPS_MAX = 100_000;

/**
 * The paths through a real machine. `xstate/graph` explores it by its pure transition function, which starts no actor:
 * the ends of invoked actors and the delays are events like others. `createTestModel` would refuse both. There is one
 * path to each state by each step that leads there, the shortest; also those that others begin with.
 */
export function pathsThrough<World>(model: Model<World>): Path<World>[] {
  const { machine } = model;
  const step = (before: AnyMachineSnapshot, world: World, event: EventObject, scope: Scope): ModelSnapshot<World> => {
    const context = { ...before.context, ...model.contextOf(world) };
    const next = machine.transition({ ...before, context } as AnyMachineSnapshot, event, scope);
    return settled(next, world, scope);
  };
  const settled = (snapshot: AnyMachineSnapshot, world: World, scope: Scope): ModelSnapshot<World> => {
    const reaction = snapshot.status === 'active' ? model.react(placeOf(snapshot), world) : { world };
    const context = { ...snapshot.context, ...model.contextOf(reaction.world) };
    const reacted = { ...snapshot, context, world: reaction.world } as ModelSnapshot<World>;
    return reaction.event === undefined ? reacted : step(reacted, reaction.world, { type: reaction.event }, scope);
  };
  const logic = Object.create(machine, {
    getInitialSnapshot: {
      value: (scope: Scope) =>
        settled(machine.getInitialSnapshot(scope, model.contextOf(model.world)), model.world, scope),
    },
    transition: {
      value: (before: ModelSnapshot<World>, { world, ...event }: ModelEvent<World>, scope: Scope) =>
        step(before, world, event, scope),
    },
  });
  const testModel = new TestModel<ModelSnapshot<World>, ModelEvent<World>, unknown>(logic, {
    events: (snapshot) => (snapshot.status === 'active' ? model.events(placeOf(snapshot), snapshot.world) : []),
    // With the transition taken: edges back to known states would never be walked otherwise.
    serializeState: (snapshot, event, before) => {
      const via = event === undefined || before === undefined ? '' : ` via ${event.type} from ${placeOf(before)}`;
      const world = model.isOver(placeOf(snapshot)) ? '' : JSON.stringify(snapshot.world);
      return `${placeOf(snapshot)} ${world}${via}`;
    },
  });
  return testModel.getShortestPaths({ limit: STEPS_MAX, allowDuplicatePaths: true });
}

/** Those that no other path begins with: walked, they show all that the others would. */
export function longest<World>(paths: readonly Path<World>[]): Path<World>[] {
  // A path is another one and a step, with the very same events; xstate/graph itself compares all with all.
  const beginnings = new Set(paths.map(({ steps }) => steps.at(-2)?.event));
  return paths.filter(({ steps }) => steps.length > 1 && !beginnings.has(steps.at(-1)?.event));
}

/** One way through a machine, from its start. */
export type Path<World> = TestPath<ModelSnapshot<World>, ModelEvent<World>>;

type Scope = Parameters<AnyStateMachine['transition']>[2];

/** The path of the state a machine is in: `ready.idle`. */
export function placeOf({ value }: { readonly value: unknown }): string {
  if (typeof value === 'string') return value;
  return Object.entries(value as Record<string, unknown>)
    .map(([outer, inner]) => `${outer}.${placeOf({ value: inner })}`)
    .join('|');
}

/** The type XState gives to the end of a delay. */
export function afterType(machine: AnyStateMachine, delay: string, path: string): string {
  return `xstate.after.${delay}.${machine.id}.${path}`;
}
