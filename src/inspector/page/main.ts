import type { Charts } from '../chart.ts';
import type { ChannelRow, FeedRow, Hello, Operation, SourceRow } from '../protocol.ts';
import { toneOfHealth } from '../tone.ts';
import { Actions } from './actions.ts';
import { Cards, type Facts } from './cards.ts';
import { ClusterBoards } from './cluster-board.ts';
import { type ConnectionState, connect } from './connection.ts';
import { Detail } from './detail.ts';
import { find, make, rebuild, setText, setTone } from './dom.ts';
import { count, duration, rate, timeOfDay } from './format.ts';
import { History, rowOf } from './history.ts';
import { partitionRows } from './number-tables.ts';
import { alertTexts, totalsOf } from './panes.ts';
import { Scrubber } from './scrubber.ts';
import { channelDrawing } from './sparks.ts';
import { SubscriptionsDialog } from './subscriptions.ts';

/** What the card of a channel says of a moment. */
function channelFacts({ name, oldestMs, breaker, restarts }: ChannelRow, history: History, at: number): Facts {
  const rates = history.ratesAt(name, at);
  const queueing = history.spreadAt(name, at, 'queueing');
  return [
    ['in', rates === undefined ? '–' : `${rate(rates.received)}/s`],
    ['out', rates === undefined ? '–' : `${rate(rates.delivered)}/s`],
    ['oldest', lasting(oldestMs)],
    ['wait p50', lasting(queueing?.p50Ms)],
    ['wait p99', lasting(queueing?.p99Ms)],
    ['call p99', lasting(history.spreadAt(name, at, 'processing')?.p99Ms)],
    ['breaker', breaker?.state ?? 'none', breaker?.state === 'open' ? 'bad' : 'plain'],
    ['restarts', count(restarts), restarts > 0 ? 'wait' : 'plain'],
  ];
}

function sourceFacts({ read, committed, held, oldestMs, partitions }: SourceRow): Facts {
  return [
    ['read', count(read)],
    ['committed', count(committed)],
    ['held', count(held)],
    ['oldest', lasting(oldestMs)],
    ['partitions', count(partitions)],
  ];
}

function feedFacts({ received, delivered, lastMessageAgeMs, lagMs, reconnects, gaps }: FeedRow): Facts {
  return [
    ['received', count(received)],
    ['delivered', count(delivered)],
    ['quiet for', lasting(lastMessageAgeMs)],
    ['lag', lasting(lagMs === null ? null : Math.max(0, lagMs))],
    ['reconnects', count(reconnects)],
    ['open gaps', count(gaps.found - gaps.closed)],
  ];
}

function lasting(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '–' : duration(ms);
}

const history = new History();
const scrubber = new Scrubber(history, render);
const detail = new Detail(history, (at) => (Number.isNaN(at) ? render() : scrubber.show(at)));
const select = (name: string): void => {
  selected = name;
  render();
};
const shownAt = (): number => scrubber.at ?? history.now;
const cards = new Cards<ChannelRow>('channel', select, () => channelDrawing(history, shownAt));
const sourceCards = new Cards<SourceRow>('source', select);
const feedCards = new Cards<FeedRow>('feed', select);
const clusterBoards = new ClusterBoards(select);
const actions = new Actions();
const subscriptions = new SubscriptionsDialog();
let selected = '';
let operations: readonly Operation[] = [];
let connection: ConnectionState = 'connecting';
let isDue = false;

const connections: Readonly<Record<ConnectionState, readonly [string, string]>> = {
  connecting: ['connecting', 'plain'],
  live: ['live', 'good'],
  lost: ['disconnected', 'bad'],
  asleep: ['asleep', 'plain'],
};

/** Draws once before the next picture, however much has changed. */
function render(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    draw();
  });
}

function draw(): void {
  showConnection();
  const latest = history.frames.at(-1);
  if (latest === undefined) return;
  const at = shownAt();
  const frame = history.frameAt(at);
  const rows = frame?.channels ?? latest.channels;
  const { feeds, sources } = frame ?? latest;
  const owned = partitionRows(history.clusters);
  if (![...rows, ...sources, ...feeds, ...owned].some(({ name }) => name === selected)) selected = worst(rows) ?? '';
  scrubber.update(latest.channels);
  find('channels').classList.toggle('unknown', frame === undefined);
  cards.update(rows, selected, (row) => channelFacts(row, history, at));
  sourceCards.update(sources, selected, sourceFacts);
  feedCards.update(feeds, selected, feedFacts);
  clusterBoards.update(history.clusters, latest.at);
  const supply = [...(frame?.sources ?? []), ...(frame?.feeds ?? []), ...owned].find(({ name }) => name === selected);
  const row = rowOf(frame, selected);
  const routerState = frame?.state ?? history.lastTransition(null, at)?.to ?? 'unknown';
  detail.update(selected, row ?? supply, routerState, at);
  const isLive = scrubber.at === undefined && connection === 'live';
  actions.update(operations, rowOf(latest, selected), isLive);
  const feed = latest.feeds.find(({ name }) => name === selected);
  subscriptions.update(operations.length > 0, feed, isLive);
  const shown = frame ?? latest;
  setText(find('router'), `router ${routerState}, ${shown.status}`);
  setTone(find('router'), toneOfHealth[shown.status]);
  const perSecond = rows.reduce((sum, { name }) => sum + (history.ratesAt(name, at)?.received ?? 0), 0);
  const totals = totalsOf(`${rate(perSecond)}/s`, shown);
  rebuild(find('totals'), JSON.stringify(totals), () =>
    totals.map(([name, value, tone]) =>
      make('div', {}, make('dt', {}, name), make('dd', { 'data-tone': tone }, value)),
    ),
  );
  const alerts = alertTexts(shown.alerts, at);
  find('alerts').hidden = alerts.length === 0;
  rebuild(find('alert-list'), alerts.join('\n'), () => alerts.map((text) => make('li', { 'data-tone': 'bad' }, text)));
}

function worst(rows: readonly { readonly name: string; readonly tone: string }[]): string | undefined {
  return (rows.find(({ tone }) => tone === 'bad') ?? rows.find(({ tone }) => tone === 'wait') ?? rows[0])?.name;
}

function showConnection(): void {
  const [text, tone] = connections[connection];
  setText(find('connection'), text);
  setTone(find('connection'), tone);
  const { now } = history;
  const isLost = connection === 'lost';
  find('lost').hidden = !isLost;
  document.body.classList.toggle('lost', isLost);
  const since = now === 0 ? '' : ` The values shown are from ${timeOfDay(now)}.`;
  if (isLost) {
    setText(
      find('lost'),
      `Disconnected from the router; reconnecting every second.${since} If the router was started again, open its new address.`,
    );
  }
}

function begin(hello: Hello): void {
  history.begin(hello);
  operations = hello.operations;
  render();
}

connect({
  begin,
  tick(tick) {
    history.add(tick);
    render();
  },
  changed(state) {
    connection = state;
    render();
  },
});

const response = await fetch('charts.json');
detail.charts = (await response.json()) as Charts; // Made by our own build.
render();
