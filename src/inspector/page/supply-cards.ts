import type { FeedRow, SourceRow } from '../protocol.ts';
import { find, make, rebuild } from './dom.ts';

type Supply = SourceRow | FeedRow;
type Facts = readonly (readonly [title: string, value: string])[];

/** The cards of all sources, or of all feeds; nothing is shown for a router that has none. */
export class SupplyCards<Row extends Supply> {
  readonly #kind: 'source' | 'feed';
  readonly #list: HTMLElement;
  readonly #factsOf: (row: Row) => Facts;
  readonly #select: (name: string) => void;

  constructor(kind: 'source' | 'feed', factsOf: (row: Row) => Facts, select: (name: string) => void) {
    this.#kind = kind;
    this.#list = find(`${kind}s`);
    this.#factsOf = factsOf;
    this.#select = select;
  }

  update(rows: readonly Row[], selected: string): void {
    find(`${this.#kind}s-section`).hidden = rows.length === 0;
    const shown = rows.map((row) => [row.name, row.state, row.tone, this.#factsOf(row), row.name === selected]);
    rebuild(this.#list, JSON.stringify(shown), () => rows.map((row) => this.#card(row, row.name === selected)));
  }

  #card(row: Row, isSelected: boolean): HTMLElement {
    const button = make('button', { type: 'button', class: 'open', 'aria-pressed': String(isSelected) }, row.name);
    button.addEventListener('click', () => this.#select(row.name));
    const items = this.#factsOf(row).map(([title, value]) =>
      make('div', {}, make('dt', {}, title), make('dd', {}, value)),
    );
    const pill = make('span', { class: 'pill', 'data-tone': row.tone }, row.state);
    return make(
      'li',
      { class: isSelected ? 'card selected' : 'card', [`data-${this.#kind}`]: row.name, 'data-tone': row.tone },
      make('div', { class: 'row' }, make('h3', {}, button), pill),
      make('dl', { class: 'facts' }, ...items),
    );
  }
}
