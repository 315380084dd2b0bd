import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly labels: readonly string[];
  /** The composite state whose block the edge is written in; none for the outermost level. */
  readonly block: AnyStateNode | undefined;
}

/** Draws any machine as a Mermaid state diagram. The same machine gives the same string. */
export function toMermaid(machine: AnyStateMachine): string {
  const { root } = machine;
  const edges = mergeEdges(statesOf(root).flatMap(edgesFrom));
  const body = root.type === 'parallel' ? stateLines(root, edges) : childLines(root, edges);
  const loose = edges.filter((edge) => edge.block === undefined).map(edgeLine);
  const dashed = statesOf(root)
    .filter((state) => hasAnyState(state, edges))
    .map(anyStateId);
  const style =
    dashed.length === 0 ? [] : ['classDef any fill:none,stroke-dasharray:3', `class ${dashed.join(',')} any`];
  return `${['stateDiagram-v2', ...['direction LR', ...body, ...loose, ...style].map(indent)].join('\n')}\n`;
}

/** The label of a transition: `event [guard]`, with `after delay`, `done(actor)`, `error(actor)`, `done` or `always` as event. */
export function transitionLabel(transition: AnyTransitionDefinition): string {
  const event = eventName(transition);
  return transition.guard === undefined ? event : `${event} [${implementationName(transition.guard)}]`;
}

/** All transitions that leave a state, in the order XState tries them within an event. */
export function transitionsOf(state: AnyStateNode): readonly AnyTransitionDefinition[] {
  return [...[...state.transitions.values()].flat(), ...(state.always ?? [])];
}

/** A state and everything below it, in the order of the configuration. */
export function statesOf(state: AnyStateNode): readonly AnyStateNode[] {
  return [state, ...childrenOf(state).flatMap(statesOf)];
}

function childrenOf(state: AnyStateNode): readonly AnyStateNode[] {
  return Object.values(state.states);
}

function stateLines(state: AnyStateNode, edges: readonly Edge[]): string[] {
  if (childrenOf(state).length > 0) {
    return [`state "${escaped(state.key)}" as ${idOf(state)} {`, ...childLines(state, edges).map(indent), '}'];
  }
  const name = state.type === 'history' ? `${state.key} (history)` : state.key;
  return [`state "${[name, ...details(state)].map(escaped).join('<br/>')}" as ${idOf(state)}`];
}

function childLines(state: AnyStateNode, edges: readonly Edge[]): string[] {
  const children = childrenOf(state);
  if (state.type === 'parallel') {
    const regions = [...children.map((child) => stateLines(child, edges)), anyStateLines(state, edges)];
    return regions
      .filter((region) => region.length > 0)
      .flatMap((region, index) => (index > 0 ? ['--', ...region] : region));
  }
  return [
    ...initialOf(state).map((target) => `[*] --> ${idOf(target)}`),
    ...children.flatMap((child) => stateLines(child, edges)),
    ...anyStateLines(state, edges),
    ...edges.filter((edge) => edge.block === state).map(edgeLine),
    ...children.filter((child) => child.type === 'final').map((child) => `${idOf(child)} --> [*]`),
  ];
}

/** Transitions from all children of a composite state start at an extra box: the title has room for one line only. */
function anyStateLines(state: AnyStateNode, edges: readonly Edge[]): string[] {
  if (!hasAnyState(state, edges)) return [];
  return [`state "${['any state', ...details(state)].map(escaped).join('<br/>')}" as ${anyStateId(state)}`];
}

function hasAnyState(state: AnyStateNode, edges: readonly Edge[]): boolean {
  if (childrenOf(state).length === 0) return false;
  return details(state).length > 0 || edges.some((edge) => edge.from === anyStateId(state));
}

/** What a state does: the actors it runs, what it asks for with parameters when it is entered, transitions without a target. */
function details(state: AnyStateNode): string[] {
  const inner = transitionsOf(state).filter((transition) => !transition.target && transition.actions.length > 0);
  return [
    ...state.invoke.map((invoke) => `invokes ${actorName(state, invoke.id)}`),
    ...state.entry.flatMap((action) => orderOf(action) ?? []),
    ...inner.map(
      (transition) => `${transitionLabel(transition)} / ${transition.actions.map(implementationName).join(', ')}`,
    ),
  ];
}

function edgesFrom(state: AnyStateNode): Edge[] {
  return transitionsOf(state).flatMap((transition) => {
    const labels = [transitionLabel(transition)];
    return (transition.target ?? []).flatMap((target) => endsOf(state, target).map((ends) => ({ ...ends, labels })));
  });
}

/** Mermaid loses or hides arrows at the border of a composite state, so they run between the states inside. */
function endsOf(source: AnyStateNode, target: AnyStateNode): Omit<Edge, 'labels'>[] {
  return entriesOf(target, source).map((end) => {
    const block = blockAround(source, end);
    if (childrenOf(source).length === 0) return { from: idOf(source), to: idOf(end), block };
    const region = source.type === 'parallel' && childrenOf(source).find((child) => contains(child, end));
    return { from: anyStateId(region || source), to: idOf(end), block: region || block };
  });
}

/** Where entering a state leads. A parallel state is entered everywhere, which its box says best, unless seen from within. */
function entriesOf(target: AnyStateNode, source: AnyStateNode): readonly AnyStateNode[] {
  if (target.type === 'compound') return initialOf(target).flatMap((state) => entriesOf(state, source));
  if (target.type !== 'parallel' || !contains(target, source)) return [target];
  return childrenOf(target).flatMap((state) => entriesOf(state, source));
}

function initialOf(state: AnyStateNode): readonly AnyStateNode[] {
  if (state.type !== 'compound') return [];
  const { target = [] } = state.initial;
  return target;
}

function contains(outer: AnyStateNode, inner: AnyStateNode): boolean {
  return outer === inner || (inner.parent !== undefined && contains(outer, inner.parent));
}

/** The closest state around both ends; lines between the regions of a parallel state would become a region. */
function blockAround(source: AnyStateNode, target: AnyStateNode): AnyStateNode | undefined {
  let block = childrenOf(source).length > 0 ? source : source.parent;
  while (block !== undefined && (block.type === 'parallel' || !contains(block, target))) block = block.parent;
  return block;
}

function mergeEdges(edges: readonly Edge[]): Edge[] {
  const merged = new Map<string, Edge>();
  for (const edge of edges) {
    const key = `${edge.from} ${edge.to}`;
    const labels = [...(merged.get(key)?.labels ?? []), ...edge.labels];
    merged.set(key, { ...edge, labels: [...new Set(labels)] });
  }
  return [...merged.values()];
}

function edgeLine(edge: Edge): string {
  return `${edge.from} --> ${edge.to}: ${edge.labels.map(escaped).join('<br/>')}`;
}

function eventName({ eventType, source }: AnyTransitionDefinition): string {
  if (eventType === '') return 'always';
  if (eventType === '*') return 'any event';
  const [, kind = '', subject = ''] =
    /^xstate\.(after|done\.actor|error\.actor|snapshot|done\.state)\.(.+)$/.exec(eventType) ?? [];
  if (kind === '') return eventType;
  if (kind === 'done.state') return 'done';
  if (kind !== 'after') return `${kind.replace('.actor', '')}(${actorName(source, subject)})`;
  const delay = subject.slice(0, -source.id.length - 1);
  return /^\d+$/.test(delay) ? `after ${delay} ms` : `after ${delay}`;
}

/** The id of an invoked actor, or its source where XState had to invent the id. */
function actorName(state: AnyStateNode, id: string): string {
  const invoke = state.invoke.find((candidate) => candidate.id === id);
  return id.endsWith(`.${state.id}`) && typeof invoke?.src === 'string' ? invoke.src : id;
}

/** An action with parameters, in words; undefined: it has none that are written down. */
function orderOf(action: unknown): string | undefined {
  const { type, params } = action as { type?: string; params?: unknown };
  return typeof params === 'object' && params !== null ? [type, ...Object.values(params)].join(' ') : undefined;
}

/** The name of a guard or an action; an inline function has at best its own. */
function implementationName(implementation: unknown): string {
  if (typeof implementation === 'string') return implementation;
  const { type, name = '', guards } = implementation as { type?: string; name?: string; guards?: readonly unknown[] };
  const own = type?.replace(/^xstate\./, '') ?? name;
  return guards === undefined ? own || 'inline' : `${own}(${guards.map(implementationName).join(', ')})`;
}

function idOf(state: AnyStateNode): string {
  return state.id.replaceAll('.', '__').replace(/\W/g, '_');
}

function anyStateId(state: AnyStateNode): string {
  return `${idOf(state)}__any`;
}

function escaped(text: string): string {
  return text.replace(/[:;#{}<>"%\\\n]/g, (character) => `#${character.charCodeAt(0)};`);
}

function indent(line: string): string {
  return `  ${line}`;
}
