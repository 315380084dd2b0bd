import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { statesOf } from '../../src/inspector/mermaid.ts';

/** Why an event does nothing in some states, by event; a state is named by its path. */
export type Ignored = Readonly<Record<string, readonly { readonly in: readonly string[]; readonly because: string }[]>>;

/**
 * Goes through every pair of a state and an event: each must be handled, forbidden on purpose by a transition that does
 * nothing, or listed as ignored. Returns what is open, and what is listed and not true.
 */
export function gapsInTable(machine: AnyStateMachine, events: readonly string[], ignored: Ignored): string[] {
  const states = statesOf(machine.root).filter((state) => state.type === 'atomic');
  const paths = states.map(pathOf);
  const gaps = states.flatMap((state) =>
    [...events, ...endsOf(state)].flatMap((event) => {
      const isTaken = isHandled(state, event);
      const reasons = (ignored[event] ?? []).filter((entry) => entry.in.includes(pathOf(state)));
      const pair = `${event} in ${pathOf(state)}`;
      if (isTaken) return reasons.length === 0 ? [] : [`${pair} is handled and need not be listed`];
      return reasons.length === 1 ? [] : [`${pair} is handled nowhere and listed ${reasons.length} times`];
    }),
  );
  const unknownStates = Object.values(ignored).flatMap((entries) =>
    entries.flatMap((entry) => entry.in.filter((path) => !paths.includes(path)).map((path) => `no state ${path}`)),
  );
  const unknownEvents = machine.events
    .filter((event) => !event.startsWith('xstate.') && !events.includes(event))
    .map((event) => `${event} is not in the table`);
  return [...gaps, ...unknownStates, ...unknownEvents];
}

/** The ends of the actors that run in the state; those of delays are always handled where the delay is. */
function endsOf(state: AnyStateNode | undefined): string[] {
  if (state === undefined) return [];
  const own = state.invoke.flatMap(({ id }) => [`xstate.done.actor.${id}`, `xstate.error.actor.${id}`]);
  return [...own, ...endsOf(state.parent)];
}

function isHandled(state: AnyStateNode | undefined, event: string): boolean {
  if (state === undefined) return false;
  return state.transitions.has(event) || isHandled(state.parent, event);
}

function pathOf(state: AnyStateNode): string {
  return state.path.join('.');
}
