import { expect } from 'vitest';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { statesOf } from '../../src/inspector/mermaid.ts';
import type { TransitionCoverage } from '../../src/testing/transition-coverage.ts';

/** Why an event does nothing in some states, by event; a state is named by its path. */
export type Ignored = Readonly<Record<string, readonly { readonly in: readonly string[]; readonly because: string }[]>>;

/**
 * Goes through every pair of a state and an event: each must be handled whatever the guards say, forbidden on purpose
 * by a transition that does nothing, or listed as ignored. Returns what is open, and what is listed and not true.
 */
export function gapsInTable(machine: AnyStateMachine, events: readonly string[], ignored: Ignored): string[] {
  const states = statesOf(machine.root).filter((state) => state.type === 'atomic');
  const pairs = states.flatMap((state) =>
    [...events, ...endsOf(state)].map((event) => ({ state, event, name: nameOf(event, pathOf(state)) })),
  );
  const listed = Object.entries(ignored).flatMap(([event, entries]) =>
    entries.flatMap((entry) => entry.in.map((path) => nameOf(event, path))),
  );
  const gaps = pairs.flatMap(({ state, event, name }) => {
    const times = listed.filter((other) => other === name).length;
    if (isHandled(state, event)) return times === 0 ? [] : [`${name} is handled and need not be listed`];
    return times === 1 ? [] : [`${name} is not always handled, and listed ${times} times`];
  });
  const names = new Set(pairs.map(({ name }) => name));
  const strange = listed.filter((name) => !names.has(name)).map((name) => `${name} cannot happen and is listed`);
  const unknown = machine.events
    .filter((event) => !event.startsWith('xstate.') && !events.includes(event))
    .map((event) => `${event} is not in the table`);
  return [...gaps, ...strange, ...unknown];
}

function nameOf(event: string, path: string): string {
  return `${event} in ${path}`;
}

/** The ends of the actors that run in the state; those of delays are always handled where the delay is. */
function endsOf(state: AnyStateNode | undefined): string[] {
  if (state === undefined) return [];
  const own = state.invoke.flatMap(({ id }) => [`xstate.done.actor.${id}`, `xstate.error.actor.${id}`]);
  return [...own, ...endsOf(state.parent)];
}

function isHandled(state: AnyStateNode | undefined, event: string): boolean {
  if (state === undefined) return false;
  const own = state.transitions.get(event) ?? [];
  return own.some(({ guard }) => guard === undefined) || isHandled(state.parent, event);
}

function pathOf(state: AnyStateNode): string {
  return state.path.join('.');
}

/** Tells how many transitions of a chart so many paths took; they must be all. */
export function expectAllTaken(chart: string, coverage: TransitionCoverage, paths: number): void {
  const { covered, total, missing } = coverage.report();
  const left = missing.join(', ') || 'none';
  process.stdout.write(`${chart}: ${covered} of ${total} transitions by ${paths} paths, missing: ${left}\n`);
  expect(missing).toEqual([]);
}
