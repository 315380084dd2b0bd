import uPlot from 'uplot';
import type { ChannelRow } from '../protocol.ts';
import type { Drawing } from './cards.ts';
import { make, setText, setTone } from './dom.ts';
import { count } from './format.ts';
import { type History, rowOf } from './history.ts';

/** What a sparkline shows: times in seconds, and a value for each. */
type Points = [number[], (number | null)[]];

/** A small line without axes. It is drawn only while it is on the screen. */
class Sparkline {
  readonly element: HTMLElement;
  #plot: uPlot | undefined;
  #points: Points = [[], []];
  #isVisible = false;

  /** The line has the color of the text in `element`. */
  constructor(element: HTMLElement) {
    this.element = element;
    new IntersectionObserver((entries) => {
      this.#isVisible = entries.at(-1)?.isIntersecting === true;
      if (this.#isVisible) this.#draw();
    }).observe(element);
    new ResizeObserver(() => {
      this.#plot?.setSize(this.#size());
    }).observe(element);
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#plot?.redraw());
  }

  show(points: Points): void {
    this.#points = points;
    if (this.#isVisible) this.#draw();
  }

  #draw(): void {
    this.#plot ??= this.#create();
    this.#plot.setData(this.#points);
  }

  #create(): uPlot {
    const color = (): string => getComputedStyle(this.element).color;
    return new uPlot(
      {
        ...this.#size(),
        legend: { show: false },
        cursor: { show: false },
        axes: [{ show: false }, { show: false }],
        // A line at 0 lies at the bottom, and a constant line is not stretched over the whole height.
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
        padding: [2, 0, 1, 0],
        series: [
          {},
          {
            stroke: color,
            width: 1.5,
            fill: () => `color-mix(in srgb, ${color()} 15%, transparent)`,
            points: { show: false },
          },
        ],
      },
      this.#points,
      this.element,
    );
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(40, this.element.clientWidth), height: Math.max(20, this.element.clientHeight) };
  }
}

const SPARK_MS = 60_000;

/** How full a channel is, and its last minute; `atOf` is the moment that is shown. */
export function channelDrawing(history: History, atOf: () => number): Drawing<ChannelRow> {
  const meter = make('span', { class: 'fill' });
  const depth = make('span');
  const rates = new Sparkline(make('div', { class: 'spark' }));
  const depths = new Sparkline(make('div', { class: 'spark', 'data-tone': 'wait' }));
  const draw = (name: string): void => {
    const frames = history.before(atOf(), SPARK_MS);
    const times = frames.map((frame) => frame.at / 1_000);
    rates.show([times, frames.map((frame) => history.ratesAt(name, frame.at)?.delivered ?? null)]);
    depths.show([times, frames.map((frame) => rowOf(frame, name)?.depth ?? null)]);
  };
  return {
    elements: [
      make('div', { class: 'row gauge' }, make('span', { class: 'meter', 'aria-hidden': 'true' }, meter), depth),
      make(
        'div',
        { class: 'sparks', 'aria-hidden': 'true' },
        make('figure', {}, rates.element, make('figcaption', {}, 'delivered / s')),
        make('figure', {}, depths.element, make('figcaption', {}, 'waiting')),
      ),
    ],
    update(row) {
      setText(depth, `${count(row.depth)} of ${count(row.capacity)} waiting`);
      const share = Math.min(1, row.depth / row.capacity);
      meter.style.width = `${share * 100}%`;
      setTone(meter, share >= 0.8 ? 'bad' : share >= 0.5 ? 'wait' : 'good');
      draw(row.name);
    },
  };
}
