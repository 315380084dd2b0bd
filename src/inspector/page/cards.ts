import type { ChannelRow, Spread } from '../protocol.ts';
import { find, make, setText, setTone } from './dom.ts';
import { count, duration, rate } from './format.ts';
import { type History, rowOf } from './history.ts';
import { Sparkline } from './sparkline.ts';

const SPARK_MS = 60_000;
const SINCE_MS_MIN = 500;

/** One channel at a glance. */
class Card {
  readonly item: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #pill = make('span', { class: 'pill' });
  readonly #since = make('span', { class: 'muted' });
  readonly #meter = make('span', { class: 'fill' });
  readonly #depth = make('span');
  readonly #facts = makeFacts();
  readonly #rates: Sparkline;
  readonly #depths: Sparkline;

  constructor(name: string, select: () => void) {
    this.#button = make('button', { type: 'button', class: 'open' }, name);
    this.#button.addEventListener('click', select);
    const [rates, depths] = [make('div', { class: 'spark' }), make('div', { class: 'spark' })];
    const list = Object.entries(this.#facts).map(([title, value]) => make('div', {}, make('dt', {}, title), value));
    this.item = make(
      'li',
      { class: 'card', 'data-channel': name },
      make('div', { class: 'row' }, make('h3', {}, this.#button), this.#pill, this.#since),
      make(
        'div',
        { class: 'row gauge' },
        make('span', { class: 'meter', 'aria-hidden': 'true' }, this.#meter),
        this.#depth,
      ),
      make(
        'div',
        { class: 'sparks', 'aria-hidden': 'true' },
        make('figure', {}, rates, make('figcaption', {}, 'delivered / s')),
        make('figure', {}, depths, make('figcaption', {}, 'waiting')),
      ),
      make('dl', { class: 'facts' }, ...list),
    );
    this.#rates = new Sparkline(rates, '--accent');
    this.#depths = new Sparkline(depths, '--wait');
  }

  update(row: ChannelRow, history: History, at: number, isSelected: boolean): void {
    this.#button.setAttribute('aria-pressed', String(isSelected));
    this.item.classList.toggle('selected', isSelected);
    setTone(this.item, row.tone);
    setTone(this.#pill, row.tone);
    setText(this.#pill, row.state);
    // Ordinary states change many times a second.
    setText(this.#since, row.sinceMs < SINCE_MS_MIN ? '' : `for ${duration(row.sinceMs)}`);
    setText(this.#depth, `${count(row.depth)} of ${count(row.capacity)} waiting`);
    const share = Math.min(1, row.depth / row.capacity);
    this.#meter.style.width = `${share * 100}%`;
    this.#meter.dataset.tone = share >= 0.8 ? 'bad' : share >= 0.5 ? 'wait' : 'good';
    const rates = history.ratesAt(row.name, at);
    const queueing = history.spreadAt(row.name, at, 'queueing');
    const processing = history.spreadAt(row.name, at, 'processing');
    this.#set('in', rates === undefined ? '–' : `${rate(rates.received)}/s`);
    this.#set('out', rates === undefined ? '–' : `${rate(rates.delivered)}/s`);
    this.#set('oldest', row.oldestMs === null ? '–' : duration(row.oldestMs));
    this.#set('wait p50', spread(queueing, 'p50Ms'));
    this.#set('wait p99', spread(queueing, 'p99Ms'));
    this.#set('call p99', spread(processing, 'p99Ms'));
    this.#set('breaker', row.breaker?.state ?? 'none', row.breaker?.state === 'open' ? 'bad' : 'plain');
    this.#set('restarts', count(row.restarts), row.restarts > 0 ? 'wait' : 'plain');
    this.#draw(row.name, history, at);
  }

  #draw(name: string, history: History, at: number): void {
    const frames = history.before(at, SPARK_MS);
    const times = frames.map((frame) => frame.at / 1_000);
    const rates = frames.map((frame, index) => {
      const earlier = frames[index - 4];
      const [row, before] = [rowOf(frame, name), rowOf(earlier, name)];
      const ms = frame.at - (earlier?.at ?? frame.at);
      return row && before && ms > 0 ? Math.max(0, ((row.delivered - before.delivered) / ms) * 1_000) : null;
    });
    this.#rates.show([times, rates]);
    this.#depths.show([times, frames.map((frame) => rowOf(frame, name)?.depth ?? null)]);
  }

  #set(name: keyof ReturnType<typeof makeFacts>, text: string, tone = 'plain'): void {
    const value = this.#facts[name];
    setText(value, text);
    setTone(value, tone);
  }
}

/** The values of a card, in this order. */
function makeFacts() {
  return {
    in: make('dd'),
    out: make('dd'),
    oldest: make('dd'),
    'wait p50': make('dd'),
    'wait p99': make('dd'),
    'call p99': make('dd'),
    breaker: make('dd'),
    restarts: make('dd'),
  };
}

/** The cards of all channels. */
export class Cards {
  readonly #list = find<HTMLUListElement>('cards');
  readonly #cards = new Map<string, Card>();
  readonly #select: (name: string) => void;

  constructor(select: (name: string) => void) {
    this.#select = select;
  }

  update(rows: readonly ChannelRow[], history: History, at: number, selected: string): void {
    for (const row of rows) {
      let card = this.#cards.get(row.name);
      if (card === undefined) {
        card = new Card(row.name, () => this.#select(row.name));
        this.#cards.set(row.name, card);
        this.#list.append(card.item);
      }
      card.update(row, history, at, row.name === selected);
    }
    const names = new Set(rows.map(({ name }) => name));
    for (const [name, card] of this.#cards) {
      if (names.has(name)) continue;
      card.item.remove();
      this.#cards.delete(name);
    }
  }
}

function spread(measured: Spread | undefined, which: keyof Spread): string {
  return measured === undefined ? '–' : duration(measured[which]);
}
