import { beforeAll, describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { toDirectedGraph } from 'xstate/graph';
import { layoutChart } from '../../../config/chart-layout.ts';
import { channelMachine, routerMachine } from '../../../machines/index.ts';
import type { Chart, ChartState } from '../../../src/inspector/chart.ts';
import { pathOf } from '../../../src/inspector/page/chart-path.ts';
import { createTestRouter, fail, message, reject } from '../../../src/testing/index.ts';

interface Graph {
  readonly stateNode: { readonly path: readonly string[] };
  readonly edges: readonly {
    readonly source: { readonly path: readonly string[] };
    readonly target: { readonly path: readonly string[] };
    readonly transition: { readonly eventType: string; readonly target: unknown };
  }[];
  readonly children: readonly Graph[];
}

/** The transitions of a machine that lead anywhere, as XState itself tells them. */
function transitionsIn(machine: AnyStateMachine): string[] {
  const walk = ({ edges, children }: Graph): string[] => [
    ...edges.flatMap(({ source, target, transition }) =>
      transition.target === undefined
        ? []
        : [`${source.path.join('.')} -${transition.eventType}-> ${target.path.join('.')}`],
    ),
    ...children.flatMap(walk),
  ];
  // It describes itself with classes of its own.
  return walk(toDirectedGraph(machine) as unknown as Graph);
}

interface Literal {
  readonly always?: unknown;
  readonly states?: Readonly<Record<string, Literal>>;
}

/** The transitions by `always`, which the graph leaves out, as they are written. */
function alwaysIn(machine: AnyStateMachine): string[] {
  const walk = (literal: Literal, path: readonly string[]): string[] => [
    ...[literal.always ?? []].flat().map((each) => {
      const { target } = (typeof each === 'string' ? { target: each } : each) as { target: string };
      const isAbsolute = target.startsWith('#');
      const to = isAbsolute ? target.split('.').slice(1) : [...path.slice(0, -1), target];
      return `${path.join('.')} --> ${to.join('.')}`;
    }),
    ...Object.entries(literal.states ?? {}).flatMap(([key, inner]) => walk(inner, [...path, key])),
  ];
  // The machine keeps the literal it was made of.
  return walk(machine.config as Literal, []);
}

function statesIn(machine: AnyStateMachine): string[] {
  const walk = ({ stateNode, children }: Graph): string[] => [stateNode.path.join('.'), ...children.flatMap(walk)];
  return walk(toDirectedGraph(machine) as unknown as Graph).filter((id) => id !== '');
}

function overlap(a: ChartState, b: ChartState): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

describe.each([
  { name: 'channel', machine: channelMachine as AnyStateMachine },
  { name: 'router', machine: routerMachine as AnyStateMachine },
])('the chart of the $name', ({ machine }) => {
  let chart: Chart;
  beforeAll(async () => {
    chart = await layoutChart(machine, 'DOWN');
  });

  it('has the states and transitions of the machine and no others', () => {
    expect(chart.states.flatMap(({ id }) => (id === '' ? [] : [id])).sort()).toEqual(statesIn(machine).sort());
    const drawn = chart.edges.flatMap(({ from, to, events }) => events.map((event) => `${from} -${event}-> ${to}`));
    expect(drawn.sort()).toEqual([...new Set([...transitionsIn(machine), ...alwaysIn(machine)])].sort());
  });

  it('is the same each time', async () => {
    expect(await layoutChart(machine, 'DOWN')).toEqual(chart);
  });

  it('lets no box lie on another, and nothing outside of the picture', () => {
    const boxes = chart.states.filter(({ kind }) => kind !== 'group');
    for (const [index, box] of boxes.entries())
      expect(boxes.slice(index + 1).filter((other) => overlap(box, other))).toEqual([]);
    for (const { x, y, width, height } of [...chart.states, ...chart.edges.flatMap(({ labelBox }) => labelBox ?? [])])
      expect(x >= 0 && y >= 0 && x + width <= chart.width && y + height <= chart.height).toBe(true);
  });

  it('lets no label lie on a box or on another label', () => {
    const labels = chart.edges.flatMap(({ labelBox, labels: [label = ''] }) =>
      labelBox === null ? [] : [{ id: label, name: label, kind: 'state', note: '', ...labelBox } as const],
    );
    const boxes = chart.states.filter(({ kind }) => kind !== 'group');
    for (const [index, label] of labels.entries())
      expect([...boxes, ...labels.slice(index + 1)].filter((other) => overlap(label, other))).toEqual([]);
  });

  it('shows the way of each of its transitions', () => {
    const nameOf = (id: string): string => chart.states.find((state) => state.id === id)?.name ?? '';
    for (const edge of chart.edges.filter(({ from, events }) => from !== '' && events.length > 0)) {
      for (const event of edge.events.filter((each) => each !== '')) {
        const path = pathOf(chart, nameOf(edge.from), nameOf(edge.to), event);
        expect(
          path.map(({ to }) => to),
          `${edge.from} ${event}`,
        ).toContain(edge.to);
      }
    }
  });
});

it('each transition a channel makes has a way in the chart that begins and ends where the channel was', async () => {
  const chart = await layoutChart(channelMachine, 'DOWN');
  const rig = await createTestRouter({
    sinks: { tick: { batchSize: 3, retry: { attempts: 2 }, breaker: { minimumCalls: 2 } } },
  });
  const feed = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      rig.router.route(message('tick', n));
      await rig.clock.advance(3);
    }
  };
  await feed(20);
  rig.sink('tick').script.push(reject(), fail());
  await feed(20);
  rig.sink('tick').otherwise = reject();
  await feed(10);
  await rig.clock.advance(20_000);
  rig.sink('tick').otherwise = () => {};
  await rig.clock.advance(60_000);
  rig.router.pause('tick');
  await feed(1);
  rig.router.resume('tick');
  await rig.clock.advance(1_000);
  for (const operate of ['pause', 'resume', 'trip', 'reset', 'restart'] as const) {
    rig.router[operate]('tick');
    await rig.clock.advance(1_000);
  }
  await feed(5);
  await rig.stop();
  const made = rig.facts('channel.entered').filter(({ from }) => from !== null);
  const inner = ({ from, cause }: (typeof made)[number]): boolean =>
    from !== 'failed' && !cause.startsWith('xstate.init');
  const lost = made.filter(inner).filter(({ from, to, cause }) => pathOf(chart, from ?? '', to, cause).length === 0);
  expect(lost).toEqual([]);
  expect(new Set(made.map(({ to }) => to)).size).toBeGreaterThan(9);
});

it('what follows by itself from a transition is part of its way', async () => {
  const chart = await layoutChart(channelMachine, 'DOWN');
  const way = pathOf(chart, 'flushing', 'buffering', 'delivery.quieted').map(({ to }) => to);
  expect(way).toEqual(['ready.idle', 'ready.buffering']);
});

it('a transition the chart does not have shows no way', async () => {
  const chart = await layoutChart(channelMachine, 'DOWN');
  expect(pathOf(chart, 'idle', 'tripped', 'batch.full')).toEqual([]);
  expect(pathOf(chart, 'nowhere', 'tripped', 'breaker.opened')).toEqual([]);
});

it('a way by `always` that leads nowhere, or round in a circle, is no way', () => {
  const place = { kind: 'state', note: '', x: 0, y: 0, width: 1, height: 1 } as const;
  const states = ['a', 'b', 'c', 'd'].map((id): ChartState => ({ ...place, id, name: id }));
  const edge = (from: string, to: string, event: string) => ({
    from,
    to,
    events: [event],
    labels: [],
    points: [],
    labelBox: null,
  });
  const edges = [edge('a', 'b', 'go'), edge('b', 'c', ''), edge('c', 'b', '')];
  const chart: Chart = { width: 1, height: 1, states, edges };
  expect(pathOf(chart, 'a', 'c', 'go')).toEqual(edges.slice(0, 2));
  expect(pathOf(chart, 'a', 'd', 'go')).toEqual([]);
  expect(pathOf(chart, 'a', 'nowhere', 'go')).toEqual([]);
});
