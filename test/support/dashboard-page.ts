/** Runs in a browser: draws `window.panels` in place of Grafana, which is not to be had here. */
import uPlot from 'uplot';
import type { DrawnPanel } from './drawn-dashboard.ts';

declare global {
  var panels: readonly DrawnPanel[];
}

const COLORS = ['#3274d9', '#e0752d', '#7eb26d', '#a352cc', '#e24d42', '#0a7e8c', '#8f7a00', '#b877d9'];
const TONES: Readonly<Record<string, string>> = {
  ...{ idle: '#c7d7c7', buffering: '#9cc49c', flushing: '#56a64b', retrying: '#f2cc0c', isolating: '#f2cc0c' },
  ...{ tripped: '#e02f44', probing: '#ff9830', failed: '#7f1d1d', paused: '#8ab8ff', warming: '#ccc', closing: '#999' },
};
const UNITS: Readonly<Record<string, (value: number) => string>> = {
  s: (value) => (value < 1 ? `${+(value * 1_000).toPrecision(3)} ms` : `${+value.toPrecision(3)} s`),
  percentunit: (value) => `${+(value * 100).toPrecision(3)} %`,
  cps: (value) => `${+value.toPrecision(3)} /s`,
};
const instants = panels.flatMap(({ series }) => series.flatMap(({ values }) => values.map(([at]) => at)));
const times = [...new Set(instants)].sort((left, right) => left - right);

function add(parent: Element, tag: string, text = '', style = ''): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  element.style.cssText = style;
  parent.append(element);
  return element;
}

function toneOf(state = ''): string {
  return `background: ${TONES[state] ?? '#000'}`;
}

function stat(section: HTMLElement, { series: [first] }: DrawnPanel): void {
  add(section, 'div', first?.values.at(-1)?.[1] ?? 'no data').className = 'stat';
}

function table(section: HTMLElement, { series }: DrawnPanel): void {
  const rows = add(section, 'table');
  for (const { metric, values } of series) {
    if (values.at(-1)?.[0] !== times.at(-1)) continue;
    const row = add(rows, 'tr');
    for (const label of ['alert', 'channel', 'instance']) add(row, 'td', metric[label]);
  }
}

function stateTimeline(section: HTMLElement, { series }: DrawnPanel): void {
  const key = add(section, 'span');
  key.className = 'key';
  for (const state of [...new Set(series.map(({ metric }) => metric.state ?? ''))].sort()) {
    add(key, 'i', '', toneOf(state));
    key.append(state);
  }
  const width = 100 / times.length;
  for (const channel of [...new Set(series.map(({ metric }) => metric.channel))].sort()) {
    const row = add(section, 'div');
    row.className = 'row';
    add(row, 'b', channel);
    const bars = add(row, 'div');
    bars.className = 'bars';
    for (const { metric, values } of series.filter((each) => each.metric.channel === channel))
      for (const [at] of values)
        add(bars, 'i', '', `left: ${times.indexOf(at) * width}%; width: ${width + 0.1}%; ${toneOf(metric.state)}`);
  }
}

function timeSeries(section: HTMLElement, { series, fieldConfig }: DrawnPanel): void {
  const format = UNITS[fieldConfig.defaults.unit ?? ''] ?? ((value: number) => `${+value.toPrecision(4)}`);
  const columns = series.map(({ values }) => {
    const at = new Map(values.map(([time, value]) => [time, value === 'NaN' ? null : Number(value)]));
    return times.map((time) => at.get(time) ?? null);
  });
  const width = section.clientWidth - 16;
  const legendRows = Math.ceil(series.reduce((sum, { name }) => sum + 28 + 6 * name.length, 0) / width);
  const clock = (seconds: number): string => new Date(seconds * 1_000).toISOString().slice(11, 16);
  const options: uPlot.Options = {
    width,
    height: section.clientHeight - 28 - 17 * legendRows,
    legend: { live: false },
    series: [
      {},
      ...series.map(({ name }, index) => ({ label: name, stroke: COLORS[index % COLORS.length] ?? '', width: 1.4 })),
    ],
    axes: [
      { size: 26, values: (_, ticks) => ticks.map(clock) },
      { size: 58, values: (_, ticks) => ticks.map(format) },
    ],
  };
  new uPlot(options, [times, ...columns], section);
}

const kinds: Readonly<Record<string, (section: HTMLElement, panel: DrawnPanel) => void>> = {
  stat,
  table,
  'state-timeline': stateTimeline,
  timeseries: timeSeries,
};

for (const panel of panels) {
  const { x, y, w, h } = panel.gridPos;
  const section = add(document.body, 'section', '', `grid-area: ${y + 1} / ${x + 1} / span ${h} / span ${w}`);
  add(section, 'h2', panel.title);
  kinds[panel.type]?.(section, panel);
}
