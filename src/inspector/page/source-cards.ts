import type { SourceRow } from '../protocol.ts';
import { find, make, rebuild } from './dom.ts';
import { count, duration } from './format.ts';

/** The cards of all sources; nothing is shown for a router without sources. */
export class SourceCards {
  readonly #list = find('sources');
  readonly #select: (name: string) => void;

  constructor(select: (name: string) => void) {
    this.#select = select;
  }

  update(rows: readonly SourceRow[], selected: string): void {
    find('sources-section').hidden = rows.length === 0;
    const shown = rows.map((row) => ({ ...row, sinceMs: 0, sentence: '', isSelected: row.name === selected }));
    rebuild(this.#list, JSON.stringify(shown), () => rows.map((row) => this.#card(row, row.name === selected)));
  }

  #card(row: SourceRow, isSelected: boolean): HTMLElement {
    const button = make('button', { type: 'button', class: 'open', 'aria-pressed': String(isSelected) }, row.name);
    button.addEventListener('click', () => this.#select(row.name));
    const facts: readonly (readonly [string, string])[] = [
      ['read', count(row.read)],
      ['committed', count(row.committed)],
      ['held', count(row.held)],
      ['oldest', row.oldestMs === null ? '–' : duration(row.oldestMs)],
      ['partitions', count(row.partitions)],
    ];
    const items = facts.map(([title, value]) => make('div', {}, make('dt', {}, title), make('dd', {}, value)));
    const pill = make('span', { class: 'pill', 'data-tone': row.tone }, row.state);
    return make(
      'li',
      { class: isSelected ? 'card selected' : 'card', 'data-source': row.name, 'data-tone': row.tone },
      make('div', { class: 'row' }, make('h3', {}, button), pill),
      make('dl', { class: 'facts' }, ...items),
    );
  }
}

/** The counters of a source, as its law has them. */
export function sourceTable(row: SourceRow): HTMLElement {
  const { committed, held, left, places, read } = row;
  const numbers: readonly (readonly [string, number, string])[] = [
    ['read', read, 'frames read'],
    ['committed', committed, 'frames that the source was told are settled'],
    ['left', left, 'frames of stays that ended before a commit; they are read again'],
    ['held', held, 'frames read and not committed, in these places:'],
    ['reader', places.reader, 'nothing of the frame was offered yet'],
    ['offers', places.offers, 'its messages are being offered, or wait for room'],
    ['channels', places.channels, 'all were offered, and some are not settled'],
    ['letters', places.letters, 'dead letters of it are being written'],
    ['settled', places.settled, 'it waits for its commit, or for a frame before it'],
    ['missed', row.missed, 'positions removed before they were read'],
    ['restarts', row.restarts, 'new starts after a failure'],
  ];
  const rows = numbers.map(([name, value, meaning]) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, name),
      make('td', { class: 'number' }, count(value)),
      make('td', { class: 'muted' }, meaning),
    ),
  );
  const law = `${count(read)} read = ${count(committed)} committed + ${count(left)} left + ${count(held)} held`;
  return make('table', { class: 'numbers' }, make('caption', {}, law), make('tbody', {}, ...rows));
}
