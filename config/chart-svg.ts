/** Draws a placed statechart as an SVG that stands alone, for the documentation. */
import type { Chart, ChartEdge, ChartState } from '../src/inspector/chart.ts';

const STYLE = `
  svg { background: #fff; font: 600 14px system-ui, sans-serif; }
  rect { fill: #fff; stroke: #8a95a4; stroke-width: 1.4; }
  rect.group { fill: #eef1f5; stroke: #dce2e9; }
  rect.any { stroke-dasharray: 4 3; }
  rect.inner, path { fill: none; }
  path { stroke: #8a95a4; stroke-width: 1.2; marker-end: url(#arrow); }
  path.quiet { stroke-dasharray: 4 3; }
  marker path { fill: #8a95a4; stroke: none; marker-end: none; }
  text { fill: #17202c; text-anchor: middle; }
  text.title { text-anchor: start; }
  text.label, text.note { fill: #556070; font: 10.4px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
  text.label { text-anchor: start; stroke: #fff; stroke-width: 3px; paint-order: stroke; }
`;
const ARROW =
  '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto"><path d="M0,0.5 L8,4 L0,7.5 z"/></marker></defs>';

/** The same chart gives the same SVG. Arrows without an event (`always`) are dashed. */
export function toSvg({ width, height, states, edges }: Chart, title: string): string {
  const groups = states.filter(({ kind }) => kind === 'group');
  const boxes = states.filter(({ kind }) => kind !== 'group');
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    ARROW,
    ...groups.map((state) => box(state, 'group')),
    ...edges.map(arrow),
    ...boxes.flatMap(stateLines),
    ...edges.flatMap(labelLines),
    ...groups.map(({ name, x, y }) => text('title', x + 14, y + 22, name)),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

function stateLines(state: ChartState): string[] {
  const { kind, name, note, x, y, width, height } = state;
  const middle = x + width / 2;
  if (kind === 'initial') return [`<circle cx="${middle}" cy="${y + height / 2}" r="5"/>`];
  const inner = { ...state, x: x + 3, y: y + 3, width: width - 6, height: height - 6 };
  return [
    box(state, kind),
    ...(kind === 'final' ? [box(inner, 'inner')] : []),
    text('name', middle, y + 22, name),
    ...(note === '' ? [] : [text('note', middle, y + 38, note)]),
  ];
}

function box({ x, y, width, height }: ChartState, kind: string): string {
  return `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`;
}

function arrow({ events, points }: ChartEdge): string {
  const isQuiet = events.every((event) => event === '');
  const line = points.map((point) => point.join(',')).join(' L');
  return `<path${isQuiet ? ' class="quiet"' : ''} d="M${line}"/>`;
}

function labelLines({ labels, labelBox }: ChartEdge): string[] {
  if (labelBox === null) return [];
  return labels.map((label, index) => text('label', labelBox.x + 3, labelBox.y + 11 + index * 14, label));
}

function text(kind: string, x: number, y: number, content: string): string {
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}">${escaped(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
