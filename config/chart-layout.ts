import type { ELK, ElkExtendedEdge, ElkNode, ElkPoint } from 'elkjs/lib/elk.bundled.js';
import elk from 'elkjs/lib/elk.bundled.js';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Chart, ChartEdge, ChartState } from '../src/inspector/chart.ts';
import { statesOf, transitionLabel, transitionsOf } from '../src/inspector/mermaid.ts';

/** Widths of the characters the page uses, rounded up: there is no browser to measure them in while building. */
const NAME_PX = 8.2;
const LABEL_PX = 6.3;
const LABEL_LINE_PX = 14;
const STATE_HEIGHT_PX = 34;
const NOTE_HEIGHT_PX = 15;

const layout = {
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.thoroughness': '60',
  'elk.spacing.nodeNode': '22',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '3',
  'elk.layered.spacing.nodeNodeBetweenLayers': '24',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.layered.compaction.postCompaction.strategy': 'EDGE_LENGTH',
} as const;

interface Draft {
  readonly from: string;
  readonly to: string;
  readonly source: string;
  readonly events: Set<string>;
  readonly labels: Set<string>;
}

/** Places the states and transitions of a machine; the same machine gives the same chart. */
export async function layoutChart(machine: AnyStateMachine, direction: 'RIGHT' | 'DOWN'): Promise<Chart> {
  const drafts = draftsOf(machine.root);
  const edges = [...drafts.values()].map(toElkEdge);
  const marks = statesOf(machine.root).flatMap(markOf);
  const root: ElkNode = {
    id: 'root',
    layoutOptions: { ...layout, 'elk.direction': direction },
    children: [...nodesOf(machine.root, direction), ...anyNode(drafts)],
    edges: [...edges, ...marks],
  };
  // Its type says class although the module exports one, a matter of CommonJS.
  const engine = new (elk as unknown as new () => ELK)();
  const placed = await engine.layout(root);
  return {
    width: Math.ceil(placed.width ?? 0),
    height: Math.ceil(placed.height ?? 0),
    states: flatten(placed).map((node) => placeState(machine, node)),
    edges: [...(placed.edges ?? [])].map((edge) => placeEdge(edge, drafts.get(edge.id))),
  };
}

/** One edge for each pair of states; what holds in the whole machine starts at a box of its own. */
function draftsOf(root: AnyStateNode): Map<string, Draft> {
  const drafts = new Map<string, Draft>();
  for (const state of statesOf(root)) {
    for (const transition of transitionsOf(state)) {
      for (const target of transition.target ?? []) {
        const from = pathOf(state);
        const to = pathOf(target);
        const id = `${from}>${to}`;
        const draft = drafts.get(id) ?? { from, to, source: from || 'any', events: new Set(), labels: new Set() };
        draft.events.add(transition.eventType);
        draft.labels.add(transitionLabel(transition));
        drafts.set(id, draft);
      }
    }
  }
  return drafts;
}

function anyNode(drafts: ReadonlyMap<string, Draft>): ElkNode[] {
  const isNeeded = [...drafts.values()].some(({ source }) => source === 'any');
  return isNeeded ? [{ id: 'any', width: 'any state'.length * NAME_PX + 20, height: STATE_HEIGHT_PX }] : [];
}

function nodesOf(parent: AnyStateNode, direction: string): ElkNode[] {
  const states = Object.values(parent.states).map((state): ElkNode => {
    const children = nodesOf(state, direction);
    const note = noteOf(state);
    const width = Math.max(state.key.length * NAME_PX, note.length * LABEL_PX) + 24;
    const height = STATE_HEIGHT_PX + (note === '' ? 0 : NOTE_HEIGHT_PX);
    if (children.length === 0) return { id: pathOf(state), width, height };
    const padding = '[top=34,left=16,bottom=16,right=16]';
    return {
      id: pathOf(state),
      children,
      layoutOptions: { ...layout, 'elk.direction': direction, 'elk.padding': padding },
    };
  });
  const hasInitial = parent.type === 'compound';
  return hasInitial ? [{ id: `initial ${pathOf(parent)}`, width: 10, height: 10 }, ...states] : states;
}

/** The arrow from the mark of an initial state. */
function markOf(state: AnyStateNode): ElkExtendedEdge[] {
  if (state.type !== 'compound') return [];
  return (state.initial.target ?? []).map((target) => ({
    id: `initial ${pathOf(state)}`,
    sources: [`initial ${pathOf(state)}`],
    targets: [pathOf(target)],
  }));
}

function toElkEdge({ from, to, source, labels }: Draft): ElkExtendedEdge {
  const lines = [...labels];
  const width = Math.max(...lines.map((line) => line.length)) * LABEL_PX + 6;
  const height = lines.length * LABEL_LINE_PX;
  const id = `${from}>${to}`;
  return {
    id,
    sources: [source],
    targets: [to],
    labels: [{ id: `label ${id}`, text: lines.join('\n'), width, height }],
  };
}

function flatten(node: ElkNode): ElkNode[] {
  return (node.children ?? []).flatMap((child) => [child, ...flatten(child)]);
}

function placeState(machine: AnyStateMachine, node: ElkNode): ChartState {
  const { x = 0, y = 0, width = 0, height = 0 } = node;
  const box = { x: round(x), y: round(y), width: round(width), height: round(height) };
  if (node.id === 'any') return { id: '', name: 'any state', kind: 'any', note: '', ...box };
  if (node.id.startsWith('initial ')) return { id: '', name: '', kind: 'initial', note: '', ...box };
  const state = machine.getStateNodeById(`${machine.id}.${node.id}`);
  const kind = state.type === 'final' ? 'final' : (node.children ?? []).length > 0 ? 'group' : 'state';
  return { id: node.id, name: state.key, kind, note: noteOf(state), ...box };
}

function placeEdge(edge: ElkExtendedEdge, draft: Draft | undefined): ChartEdge {
  const points = (edge.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
    [startPoint, ...bendPoints, endPoint].map(({ x, y }: ElkPoint) => [round(x), round(y)] as const),
  );
  const [label] = edge.labels ?? [];
  const { x = 0, y = 0, width = 0, height = 0 } = label ?? {};
  return {
    from: draft?.from ?? '',
    to: draft?.to ?? edge.targets[0] ?? '',
    events: [...(draft?.events ?? [])],
    labels: [...(draft?.labels ?? [])],
    points,
    labelBox: label === undefined ? null : { x: round(x), y: round(y), width: round(width), height: round(height) },
  };
}

function noteOf(state: AnyStateNode): string {
  return state.invoke.map(({ src, id }) => `runs ${typeof src === 'string' ? src : id}`).join(', ');
}

function pathOf(state: AnyStateNode): string {
  return state.path.join('.');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
