import type { Chart, ChartEdge, ChartState } from '../chart.ts';
import type { Entry, Tone } from '../protocol.ts';
import { pathOf } from './chart-path.ts';
import { make, makeSvg, setText } from './dom.ts';

/** Smaller than this, the labels could not be read. */
const SCALE_MIN = 0.8;
const CORNER_PX = 6;

/** A statechart, drawn once; afterwards only what is active changes. */
export class ChartView {
  readonly element: HTMLElement;
  readonly #caption = make('p', { class: 'muted', role: 'status' });
  readonly #chart: Chart;
  readonly #states = new Map<string, SVGGElement>();
  readonly #edges = new Map<ChartEdge, SVGGElement>();
  readonly #svg: SVGElement;
  readonly #scroller: HTMLElement;
  readonly #toneOf: (state: string) => Tone;
  #shown = '';

  constructor(chart: Chart, name: string, toneOf: (state: string) => Tone) {
    this.#chart = chart;
    this.#toneOf = toneOf;
    const svg = makeSvg('svg', {
      viewBox: `0 0 ${chart.width} ${chart.height}`,
      role: 'img',
      'aria-label': `Statechart of the ${name}`,
      class: 'chart',
    });
    this.#svg = svg;
    svg.style.minWidth = `${Math.round(chart.width * SCALE_MIN)}px`;
    svg.style.maxWidth = `${chart.width}px`;
    svg.append(makeSvg('defs', {}, arrowHead('arrow', 9), arrowHead('arrow-last', 14)));
    for (const state of chart.states.filter(({ kind }) => kind === 'group')) svg.append(this.#drawState(state));
    for (const edge of chart.edges) svg.append(this.#drawEdge(edge));
    for (const state of chart.states.filter(({ kind }) => kind !== 'group')) svg.append(this.#drawState(state));
    for (const edge of chart.edges) svg.append(...this.#drawLabels(edge));
    // Above the lines that cross it.
    for (const { kind, name: title, x, y } of chart.states) {
      if (kind === 'group') svg.append(makeSvg('text', { class: 'title', x: x + 14, y: y + 22 }, title));
    }
    this.#scroller = make(
      'div',
      { class: 'chart-scroller', tabindex: 0, role: 'group', 'aria-label': `Statechart of the ${name}, scrollable` },
      svg,
    );
    this.element = make('div', {}, this.#caption, this.#scroller);
    // In another room, what is active may be out of sight.
    new ResizeObserver(() => {
      this.#shown = '';
    }).observe(this.#scroller);
  }

  /** `active` has the states by the names people know them by, and how many partitions are in each. */
  update(active: Readonly<Record<string, number>>, last: Entry | undefined): void {
    const key = JSON.stringify([active, last?.id]);
    if (key === this.#shown) return;
    const before = this.#shown;
    this.#shown = key;
    for (const state of this.#chart.states) {
      const group = this.#states.get(state.id);
      const isActive = state.id !== '' && state.name in active;
      group?.classList.toggle('active', isActive);
      if (isActive) group?.setAttribute('data-tone', this.#toneOf(state.name));
      if (isActive && group !== undefined) this.#reveal(state, before === '');
    }
    const { from, to = '', cause = '' } = last ?? {};
    const path = new Set(pathOf(this.#chart, from ?? '', to, cause));
    for (const [edge, group] of this.#edges) {
      group.classList.toggle('last', path.has(edge));
      group.setAttribute('data-tone', last?.tone ?? 'plain');
      group.firstElementChild?.setAttribute('marker-end', path.has(edge) ? 'url(#arrow-last)' : 'url(#arrow)');
      // Drawn last, it lies above what it crosses.
      if (path.has(edge)) group.parentNode?.insertBefore(group, group.parentNode.querySelector('g.state:not(.group)'));
    }
    setText(this.#caption, captionOf(active, last));
  }

  /** Scrolls the chart, never the page, to what became active. */
  #reveal({ x, y, width, height }: ChartState, isFirst: boolean): void {
    const scale = this.#svg.clientWidth / this.#chart.width;
    const { clientWidth, clientHeight, scrollLeft, scrollTop } = this.#scroller;
    const isWithin = (from: number, size: number, seen: number, seenSize: number): boolean =>
      from * scale >= seen && (from + size) * scale <= seen + seenSize;
    if (isWithin(x, width, scrollLeft, clientWidth) && isWithin(y, height, scrollTop, clientHeight)) return;
    const isCalm = isFirst || window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#scroller.scrollTo({
      left: (x + width / 2) * scale - clientWidth / 2,
      top: (y + height / 2) * scale - clientHeight / 2,
      behavior: isCalm ? 'instant' : 'smooth',
    });
  }

  #drawState(state: ChartState): SVGGElement {
    const { id, name, kind, note, x, y, width, height } = state;
    const group = makeSvg('g', { class: `state ${kind}`, 'data-state': id });
    if (kind === 'initial') {
      group.append(makeSvg('circle', { cx: x + width / 2, cy: y + height / 2, r: 5 }));
      return group;
    }
    group.append(makeSvg('rect', { x, y, width, height, rx: 8 }));
    if (kind === 'final')
      group.append(makeSvg('rect', { x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: 6 }));
    if (kind !== 'group') {
      const middle = { x: x + width / 2, 'text-anchor': 'middle' };
      group.append(makeSvg('text', { class: 'name', ...middle, y: y + 22 }, name));
      group.append(makeSvg('text', { class: 'note', ...middle, y: y + 38 }, note));
    }
    if (id !== '') this.#states.set(id, group);
    return group;
  }

  #drawEdge(edge: ChartEdge): SVGGElement {
    const group = makeSvg('g', { class: `edge${edge.events.every((event) => event === '') ? ' quiet' : ''}` });
    group.append(makeSvg('path', { d: rounded(edge.points), 'marker-end': 'url(#arrow)' }));
    this.#edges.set(edge, group);
    return group;
  }

  #drawLabels({ labels, labelBox }: ChartEdge): SVGTextElement[] {
    if (labelBox === null) return [];
    return labels.map((label, index) => {
      const [, event = label, guard = ''] = /^(.*?)( \[.*\])$/.exec(label) ?? [];
      const line = makeSvg('text', { class: 'label', x: labelBox.x + 3, y: labelBox.y + 11 + index * 14 }, event);
      if (guard !== '') line.append(makeSvg('tspan', { class: 'guard' }, guard));
      return line;
    });
  }
}

function captionOf(active: Readonly<Record<string, number>>, last: Entry | undefined): string {
  const states = Object.entries(active).map(([state, count]) => (count > 1 ? `${count} × ${state}` : state));
  const now = `Now ${states.join(', ')}.`;
  if (last === undefined || last.from === undefined) return now;
  const who = last.channel?.includes('/') ? `${last.channel} ` : '';
  return `${now} Last transition: ${who}${last.from ?? 'the start'} → ${last.to}, ${last.text.replace(/^[^:]*: /, '')}.`;
}

/** Of its own size, however thick the line. */
function arrowHead(id: string, size: number): SVGMarkerElement {
  const units = { markerUnits: 'userSpaceOnUse', markerWidth: size, markerHeight: size };
  const place = { viewBox: '0 0 8 8', refX: 7, refY: 4, orient: 'auto-start-reverse' };
  return makeSvg('marker', { id, ...units, ...place }, makeSvg('path', { d: 'M0,0.5 L8,4 L0,7.5 z', class: 'head' }));
}

/** A line along these points, with its corners rounded. */
function rounded(points: readonly (readonly [number, number])[]): string {
  return points
    .map(([x, y], index) => {
      const [before, after] = [points[index - 1], points[index + 1]];
      if (before === undefined) return `M${x},${y}`;
      if (after === undefined) return `L${x},${y}`;
      const [ax, ay] = towards([x, y], before);
      const [bx, by] = towards([x, y], after);
      return `L${ax},${ay} Q${x},${y} ${bx},${by}`;
    })
    .join(' ');
}

function towards([x, y]: readonly [number, number], [tx, ty]: readonly [number, number]): [number, number] {
  const length = Math.hypot(tx - x, ty - y);
  const share = Math.min(CORNER_PX / length, 0.5);
  return [x + (tx - x) * share, y + (ty - y) * share];
}
