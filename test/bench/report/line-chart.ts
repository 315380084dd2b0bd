import { escapeText, svg } from './svg.ts';

/** One curve: how `y` changes with `x`, both above 0. */
export interface Curve {
  readonly title: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const PANEL_WIDTH = 360;
const PANEL_HEIGHT = 190;
const LEFT = 74;
const RIGHT = 32;
const TOP = 34;
const BOTTOM = 28;

/** Panels in two columns, all with the same logarithmic axis upwards, so that they can be compared. */
export function lineChart(curves: readonly Curve[], unit: string): string {
  const ys = curves.flatMap(({ points }) => points.map(({ y }) => y));
  const low = 10 ** Math.floor(Math.log10(Math.min(...ys)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...ys)));
  const panels = curves.map((curve, index) => {
    const x = (index % 2) * PANEL_WIDTH;
    const y = Math.floor(index / 2) * PANEL_HEIGHT;
    return `<g transform="translate(${x} ${y})">${drawCurve(curve, low, high, unit)}</g>`;
  });
  return svg(
    `${unit} by ${curves.map(({ title }) => title).join(', ')}`,
    2 * PANEL_WIDTH,
    Math.ceil(curves.length / 2) * PANEL_HEIGHT,
    panels.join('\n'),
  );
}

function drawCurve({ title, points }: Curve, low: number, high: number, unit: string): string {
  const xs = points.map(({ x }) => x);
  const across = logScale(Math.min(...xs), Math.max(...xs), LEFT, PANEL_WIDTH - RIGHT);
  const up = logScale(low, high, PANEL_HEIGHT - BOTTOM, TOP);
  const path = points.map(({ x, y }) => `${across(x).toFixed(1)},${up(y).toFixed(1)}`).join(' ');
  const ticks: string[] = [];
  for (let y = low; y <= high; y *= 10) {
    const at = up(y).toFixed(1);
    ticks.push(
      `<line class="axis" x1="${LEFT}" x2="${PANEL_WIDTH - RIGHT}" y1="${at}" y2="${at}" opacity="0.3"/>`,
      `<text class="ink" x="${LEFT - 6}" y="${Number(at) + 4}" text-anchor="end">${y.toLocaleString('en-US')}</text>`,
    );
  }
  const marks = points.map(
    ({ x, y }) =>
      `<circle class="ours" cx="${across(x).toFixed(1)}" cy="${up(y).toFixed(1)}" r="3"/>` +
      `<text class="ink" x="${across(x).toFixed(1)}" y="${PANEL_HEIGHT - 8}" text-anchor="middle">${x.toLocaleString('en-US')}</text>`,
  );
  return [
    `<text class="ink head" x="${LEFT}" y="18">${escapeText(title)} (${escapeText(unit)})</text>`,
    ...ticks,
    `<polyline class="curve" points="${path}"/>`,
    ...marks,
  ].join('\n');
}

function logScale(low: number, high: number, from: number, to: number): (value: number) => number {
  const span = Math.log(high / low) || 1;
  return (value) => from + (Math.log(value / low) / span) * (to - from);
}
