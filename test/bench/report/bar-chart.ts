import { escapeText, svg } from './svg.ts';

/** Bars of one case; 1 is its baseline. */
export interface BarPanel {
  readonly title: string;
  readonly bars: readonly { readonly label: string; readonly ratio: number; readonly isOurs: boolean }[];
}

const WIDTH = 760;
const LABEL_WIDTH = 270;
const BAR_WIDTH = 400;
const ROW = 20;
const HEAD = 34;

/** Panels below one another, each with a line at 1 and the number at the end of each bar. */
export function barChart(panels: readonly BarPanel[]): string {
  let top = 8;
  const parts = panels.map((panel) => {
    const text = drawPanel(panel, top);
    top += HEAD + panel.bars.length * ROW + 14;
    return text;
  });
  return svg('Messages a second of each contestant, as a share of the baseline', WIDTH, top, parts.join('\n'));
}

function drawPanel({ title, bars }: BarPanel, top: number): string {
  const most = Math.max(1, ...bars.map(({ ratio }) => ratio));
  const scale = BAR_WIDTH / most;
  const bottom = top + HEAD + bars.length * ROW;
  const one = LABEL_WIDTH + scale;
  const rows = bars.map(({ label, ratio, isOurs }, index) => {
    const y = top + HEAD + index * ROW;
    const length = Math.max(1, ratio * scale);
    return [
      `<text class="ink" x="${LABEL_WIDTH - 8}" y="${y + 13}" text-anchor="end">${escapeText(label)}</text>`,
      `<rect class="${isOurs ? 'ours' : 'theirs'}" x="${LABEL_WIDTH}" y="${y + 2}" width="${length.toFixed(1)}" height="${ROW - 5}"/>`,
      `<text class="ink" x="${(LABEL_WIDTH + length + 6).toFixed(1)}" y="${y + 13}">${ratio < 0.1 ? ratio.toFixed(3) : ratio.toFixed(2)}</text>`,
    ].join('');
  });
  return [
    `<text class="ink head" x="8" y="${top + 18}">${escapeText(title)}</text>`,
    ...rows,
    `<line class="rule" x1="${one.toFixed(1)}" x2="${one.toFixed(1)}" y1="${top + HEAD - 4}" y2="${bottom}"/>`,
  ].join('\n');
}
