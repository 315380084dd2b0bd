import type { Chart, ChartEdge } from '../chart.ts';

const DEPTH_MAX = 4;

/**
 * The arrows a transition went along: the one its cause names, and what follows from it by `always`. Empty when the chart
 * has no such way, as after a crash.
 */
export function pathOf(chart: Chart, from: string, to: string, cause: string): readonly ChartEdge[] {
  const source = idOf(chart, from);
  const target = idOf(chart, to);
  if (source === undefined || target === undefined) return [];
  for (const edge of leaving(chart, source).filter(({ events }) => events.includes(cause))) {
    const rest = follow(chart, enter(chart, edge.to), target, DEPTH_MAX);
    if (rest !== undefined) return [edge, ...rest];
  }
  return [];
}

function follow(chart: Chart, at: string, target: string, depth: number): readonly ChartEdge[] | undefined {
  if (isWithin(at, target)) return [];
  if (depth === 0) return undefined;
  for (const edge of leaving(chart, at).filter(({ events }) => events.includes(''))) {
    const rest = follow(chart, enter(chart, edge.to), target, depth - 1);
    if (rest !== undefined) return [edge, ...rest];
  }
  return undefined;
}

/** What leaves a state or a state around it, the innermost first, as XState looks for it. */
function leaving(chart: Chart, id: string): readonly ChartEdge[] {
  return chart.edges
    .filter(({ from, events }) => events.length > 0 && isWithin(id, from))
    .sort((a, b) => b.from.length - a.from.length);
}

/** The state one is in after entering this one. */
function enter(chart: Chart, id: string): string {
  const initial = chart.edges.find(({ events, to }) => events.length === 0 && to.slice(0, to.lastIndexOf('.')) === id);
  return initial === undefined ? id : enter(chart, initial.to);
}

/** Whether a state is another one or in it; every state is in the machine itself. */
function isWithin(id: string, outer: string): boolean {
  return outer === '' || id === outer || id.startsWith(`${outer}.`);
}

/** The id of the state people know by this name. */
function idOf(chart: Chart, name: string): string | undefined {
  return chart.states.find((state) => state.name === name && state.id !== '')?.id;
}
