import type { Row, Tone } from '../protocol.ts';
import { find, make, rebuild, setText, setTone } from './dom.ts';
import { duration } from './format.ts';

const SINCE_MS_MIN = 500;

/** What a card says, in this order. */
export type Facts = readonly (readonly [title: string, value: string, tone?: Tone])[];

type Summary = Row & { readonly state: string };

/** What a card draws between its head and its facts, at each update anew. */
export interface Drawing<Shown extends Summary> {
  readonly elements: readonly HTMLElement[];
  update(row: Shown): void;
}

type Kind = 'channel' | 'source' | 'feed';

/** One channel, source or feed at a glance. */
class Card<Shown extends Summary> {
  readonly item: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #pill = make('span', { class: 'pill' });
  readonly #since = make('span', { class: 'muted' });
  readonly #facts = make('dl', { class: 'facts' });
  readonly #drawing: Drawing<Shown> | undefined;

  constructor(kind: string, name: string, select: () => void, drawing: Drawing<Shown> | undefined) {
    this.#drawing = drawing;
    this.#button = make('button', { type: 'button', class: 'open' }, name);
    this.#button.addEventListener('click', select);
    const head = make('div', { class: 'row' }, make('h3', {}, this.#button), this.#pill, this.#since);
    const drawn = drawing?.elements ?? [];
    this.item = make('li', { class: 'card', [`data-${kind}`]: name }, head, ...drawn, this.#facts);
  }

  update(row: Shown, facts: Facts, isSelected: boolean): void {
    this.#button.setAttribute('aria-pressed', String(isSelected));
    this.item.classList.toggle('selected', isSelected);
    setTone(this.item, row.tone);
    setTone(this.#pill, row.tone);
    setText(this.#pill, row.state);
    // Ordinary states change many times a second.
    setText(this.#since, row.sinceMs < SINCE_MS_MIN ? '' : `for ${duration(row.sinceMs)}`);
    rebuild(this.#facts, JSON.stringify(facts), () =>
      facts.map(([title, value, tone = 'plain']) =>
        make('div', {}, make('dt', {}, title), make('dd', { 'data-tone': tone }, value)),
      ),
    );
    this.#drawing?.update(row);
  }
}

/** The cards of all channels, sources or feeds. The section of a kind that the router does not have is hidden. */
export class Cards<Shown extends Summary> {
  readonly #kind: Kind;
  readonly #cards = new Map<string, Card<Shown>>();
  readonly #select: (name: string) => void;
  readonly #draw: (() => Drawing<Shown>) | undefined;

  constructor(kind: Kind, select: (name: string) => void, draw?: () => Drawing<Shown>) {
    this.#kind = kind;
    this.#select = select;
    this.#draw = draw;
  }

  update(rows: readonly Shown[], selected: string, factsOf: (row: Shown) => Facts): void {
    find(`${this.#kind}s-section`).hidden = rows.length === 0;
    for (const row of rows) {
      const { name } = row;
      const card = this.#cards.get(name) ?? new Card(this.#kind, name, () => this.#select(name), this.#draw?.());
      if (!this.#cards.has(name)) find(`${this.#kind}s`).append(card.item);
      this.#cards.set(name, card);
      card.update(row, factsOf(row), name === selected);
    }
    const names = new Set(rows.map(({ name }) => name));
    for (const [name, card] of this.#cards) {
      if (names.has(name)) continue;
      card.item.remove();
      this.#cards.delete(name);
    }
  }
}
