import type {
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyTransitionDefinition,
  InspectionEvent,
} from 'xstate';
import { statesOf, transitionLabel, transitionsOf } from '../inspector/mermaid.ts';

/** The transitions that the actors of a machine took, and of the machines made from it by `provide`. */
export interface TransitionCoverage {
  /** For `createActor({ inspect })`; sees every microstep, also those of `always` and of children. */
  readonly inspector: (event: InspectionEvent) => void;
  /** Notes the transitions of `event` in `snapshot`, without an actor; misses the `always` transitions that follow. */
  hit(snapshot: AnyMachineSnapshot, event: AnyEventObject): void;
  report(): { readonly total: number; readonly covered: number; readonly missing: readonly string[] };
}

/** Counts the transitions of a machine, each named `source --event [guard]--> target`. */
export function createTransitionCoverage(machine: AnyStateMachine): TransitionCoverage {
  const names = new Map(
    statesOf(machine.root)
      .flatMap(transitionsOf)
      .map((transition) => [keyOf(transition), nameOf(transition)]),
  );
  const taken = new Set<string>();

  function note(transition: AnyTransitionDefinition): void {
    // The configuration is shared by a machine and what it provides, and by nothing else.
    if (transition.source.machine.config === machine.config && names.has(keyOf(transition)))
      taken.add(keyOf(transition));
  }

  return {
    inspector(event) {
      if (event.type === '@xstate.microstep') event._transitions.forEach(note);
    },
    hit(snapshot, event) {
      machine.getTransitionData(snapshot, event).forEach(note);
    },
    report() {
      const missing = [...names].filter(([key]) => !taken.has(key)).map(([, name]) => name);
      return { total: names.size, covered: taken.size, missing };
    },
  };
}

/** The place in the configuration; the entry into the machine has none. */
function keyOf(transition: AnyTransitionDefinition): string {
  return `${transition.source.id} ${transitionsOf(transition.source).indexOf(transition)}`;
}

function nameOf(transition: AnyTransitionDefinition): string {
  const targets = transition.target?.map((state) => state.path.join('.')).join(', ') ?? '(stays)';
  return `${transition.source.path.join('.') || '(root)'} --${transitionLabel(transition)}--> ${targets}`;
}
