import { toneOfHealth } from '../tone.ts';
import type { WorkersView } from '../workers-view.ts';
import { ClusterBoards } from './cluster-board.ts';
import { find, make, makeTable, rebuild, setText, setTone } from './dom.ts';
import { count, timeOfDay } from './format.ts';

const LOOK_MS = 1_000;

const HEADS = ['worker', 'state', 'process', 'restarts', 'delivered', 'waiting', 'what it says'];

const boards = new ClusterBoards();
const processes = make('tbody', { id: 'workers' });
find('processes').append(makeTable(HEADS, processes));
let takenAt = 0;

function draw({ at, clusters, health, totals }: WorkersView): void {
  takenAt = at;
  setText(find('status'), health.status);
  setTone(find('status'), toneOfHealth[health.status]);
  setText(find('taken'), `${timeOfDay(at)}`);
  const rows = health.workers.map(({ worker, state, pid, restarts, text }) => {
    const { delivered, waiting } = totals[worker] ?? { delivered: 0, waiting: 0 };
    const tone = state === 'running' ? 'plain' : 'bad';
    return { tone, cells: [worker, state, pid ?? '–', restarts, count(delivered), count(waiting), text] };
  });
  rebuild(processes, JSON.stringify(rows), () =>
    rows.map(({ cells, tone }) =>
      make('tr', { 'data-tone': tone }, ...cells.map((value) => make('td', {}, String(value)))),
    ),
  );
  boards.update(clusters, at);
}

async function look(): Promise<void> {
  try {
    const response = await fetch(`state.json${location.search}`);
    if (!response.ok) throw new Error(await response.text());
    draw((await response.json()) as WorkersView); // The parent of the workers wrote it.
  } catch (error) {
    setText(find('status'), 'disconnected');
    setTone(find('status'), 'bad');
    const since = takenAt === 0 ? '' : `; the values shown are from ${timeOfDay(takenAt)}`;
    setText(find('taken'), `${error instanceof Error ? error.message : 'no answer'}${since}`);
  }
  window.setTimeout(look, LOOK_MS);
}

void look();
