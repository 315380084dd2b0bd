import uPlot from 'uplot';

/** What a sparkline shows: times in seconds, and a value for each. */
export type Points = [number[], (number | null)[]];

/** A small line without axes. It is drawn only while it is on the screen. */
export class Sparkline {
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
