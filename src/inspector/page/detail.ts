import type { Charts } from '../chart.ts';
import { type ChannelRow, type Entry, type FeedRow, type Letters, routineStates, type SourceRow } from '../protocol.ts';
import { toneOf, toneOfOwnership, toneOfRouter } from '../tone.ts';
import { ChartView } from './chart-view.ts';
import { find, rebuild, setText, setTone } from './dom.ts';
import { type History, isAbout } from './history.ts';
import { channelTable, feedTable, type PartitionRow, partitionTable, sourceTable } from './number-tables.ts';
import { configTable, eventList, letterTable } from './panes.ts';

type Row = ChannelRow | SourceRow | FeedRow | PartitionRow;

const tabs = ['chart', 'events', 'numbers', 'letters', 'config', 'router'] as const;
type Tab = (typeof tabs)[number];

const EVENTS_SHOWN = 200;
const LETTERS_MS = 1_000;
const NONE: Letters = { hasMore: false, letters: [] };
const NO_LETTERS = [NONE, NONE] as const;

/** Everything about the selected channel. */
export class Detail {
  readonly #history: History;
  readonly #show: (at: number) => void;
  readonly #pane = find('pane');
  #tab: Tab = 'chart';
  #charts: Readonly<Record<keyof Charts, ChartView>> | undefined;
  #letters: readonly [Letters, Letters] = NO_LETTERS;
  #lettersKey = '';
  #lettersAt = 0;

  constructor(history: History, show: (at: number) => void) {
    this.#history = history;
    this.#show = show;
    for (const tab of tabs) {
      const button = find(`tab-${tab}`);
      button.addEventListener('click', () => this.#select(tab));
      button.addEventListener('keydown', (event) => this.#step(event));
    }
    // The pane may scroll sideways, so it must be reachable by keyboard.
    this.#pane.tabIndex = 0;
    this.#select('chart');
  }

  set charts({ channel, feed, ownership, router, source }: Charts) {
    this.#charts = {
      channel: new ChartView(channel, 'channel', toneOf),
      router: new ChartView(router, 'router', toneOfRouter),
      source: new ChartView(source, 'source', toneOf),
      feed: new ChartView(feed, 'feed', toneOf),
      ownership: new ChartView(ownership, 'ownership', toneOfOwnership),
    };
  }

  /** `row` is undefined for a moment without an open page: only the transitions are known. */
  update(name: string, row: Row | undefined, routerState: string, at: number): void {
    const last = this.#history.lastTransition(name, at);
    const state = row?.state ?? last?.to ?? 'unknown';
    setText(find('detail-title'), name);
    setText(find('detail-state'), state);
    setTone(find('detail-state'), row?.tone ?? last?.tone ?? 'plain');
    setText(find('sentence'), row?.sentence ?? 'No page was open at that moment: only the transitions are known.');
    this.#pane.setAttribute('aria-labelledby', `tab-${this.#tab}`);
    const [kind, numbers] = row === undefined ? (['channel', () => []] as const) : kindOf(row);
    const show: Readonly<Record<Tab, () => void>> = {
      chart: () => this.#showChart(kind, row !== undefined && 'states' in row ? row.states : { [state]: 1 }, last),
      events: () => this.#showEvents(name, at),
      numbers: () => rebuild(this.#pane, JSON.stringify(row), numbers),
      letters: () => this.#showLetters(name, row !== undefined && 'deadLettered' in row ? row.deadLettered : 0),
      config: () => this.#showConfig(name, at),
      router: () => this.#showChart('router', { [routerState]: 1 }, this.#history.lastTransition(null, at)),
    };
    show[this.#tab]();
  }

  #showChart(kind: keyof Charts, active: Readonly<Record<string, number>>, last: Entry | undefined): void {
    const chart = this.#charts?.[kind];
    if (chart === undefined) return;
    rebuild(this.#pane, `chart of a ${kind}`, () => [chart.element]);
    chart.update(active, last);
  }

  #showEvents(name: string, at: number): void {
    const shown = this.#history.entries
      .filter((entry) => entry.at <= at && (entry.channel === null || isAbout(entry, name)) && !isRoutine(entry))
      .slice(-EVENTS_SHOWN)
      .reverse();
    rebuild(this.#pane, `events ${name} ${shown[0]?.id} ${shown.length}`, () => [eventList(shown, this.#show)]);
  }

  #showConfig(name: string, at: number): void {
    const changes = this.#history.entries.filter((entry) => entry.changes !== undefined && entry.at <= at);
    const { config } = this.#history;
    rebuild(this.#pane, `config ${name} ${changes.at(-1)?.id} ${JSON.stringify(config).length}`, () => [
      configTable(config, name, changes),
    ]);
  }

  /** Fetched while the tab is open, at most once a second, and only if they changed. */
  #showLetters(name: string, deadLettered: number): void {
    const key = `${name} ${deadLettered} ${this.#history.frames.at(-1)?.deadLetters.stored}`;
    const now = window.performance.now();
    if (key !== this.#lettersKey && now - this.#lettersAt >= LETTERS_MS) {
      this.#lettersKey = key;
      this.#lettersAt = now;
      // Letters without a channel are shown with each channel.
      void Promise.all([fetchLetters(name), fetchLetters('')]).then(([own, homeless]) => {
        if (own === undefined || homeless === undefined) this.#lettersKey = '';
        else if (this.#lettersKey === key) this.#letters = [own, homeless];
      });
    }
    const [own, homeless] = this.#letters;
    const shown = [own, homeless].map(({ letters }) => `${letters[0]?.id} ${letters[0]?.channel} ${letters.length}`);
    rebuild(this.#pane, `letters ${name} ${shown.join()}`, () => [
      letterTable(`Dead letters of ${name}`, own),
      letterTable('Messages that no channel takes', homeless),
    ]);
  }

  #select(tab: Tab): void {
    this.#tab = tab;
    for (const other of tabs) {
      const button = find(`tab-${other}`);
      button.setAttribute('aria-selected', String(other === tab));
      button.tabIndex = other === tab ? 0 : -1;
    }
    this.#pane.dataset.key = '';
    this.#letters = NO_LETTERS;
    this.#lettersKey = '';
    this.#lettersAt = 0;
    this.#show(Number.NaN);
  }

  /** The keys of a row of tabs. */
  #step(event: KeyboardEvent): void {
    const index = tabs.indexOf(this.#tab);
    const next = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
    const tab = next === undefined ? undefined : tabs.at(next % tabs.length);
    if (tab === undefined) return;
    event.preventDefault();
    this.#select(tab);
    find(`tab-${tab}`).focus();
  }
}

/** What is shown, and its table of numbers. */
function kindOf(row: Row): readonly [kind: keyof Charts, numbers: () => HTMLElement[]] {
  if ('fence' in row) return ['ownership', () => [partitionTable(row)]];
  if ('committed' in row) return ['source', () => [sourceTable(row)]];
  return 'reconnects' in row ? ['feed', () => [feedTable(row)]] : ['channel', () => [channelTable(row)]];
}

async function fetchLetters(channel: string): Promise<Letters | undefined> {
  try {
    const response = await fetch(`dead-letters?channel=${encodeURIComponent(channel)}`);
    return response.ok ? ((await response.json()) as Letters) : undefined; // Our own server wrote it.
  } catch {
    return undefined;
  }
}

function isRoutine({ kind, from = null, to = '' }: Entry): boolean {
  return kind === 'state' && routineStates.has(to) && routineStates.has(from);
}
