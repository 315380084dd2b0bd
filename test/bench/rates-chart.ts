import { RATES, rateMeasures } from './rate-setting.ts';
import type { Outcome } from './run-case.ts';

const PANEL = { width: 300, height: 250, left: 46, top: 52 };
/** The axis of time, in µs. */
const [LOW, HIGH] = [0.1, 10_000];
const COLORS: Readonly<Record<string, string>> = { loop: '#8a8f98', hand: '#2f7bd6', sluice: '#d1495b' };
const OTHER = '#8f7a00';

/** The curves of the cases R1 to R3 as a picture: what a message costs at each rate, both on logarithmic axes. */
export function ratesChart(outcomes: readonly Outcome[]): string {
  const width = PANEL.left + outcomes.length * (PANEL.width + PANEL.left);
  const height = PANEL.top + PANEL.height + 62;
  const panels = outcomes.map((outcome, index) => {
    const x = PANEL.left + index * (PANEL.width + PANEL.left);
    return `<g transform="translate(${x} ${PANEL.top})">\n${panelOf(outcome)}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<title>Processor time of a message by rate</title>
<rect width="100%" height="100%" fill="#fff"/>
${panels.join('\n')}
</svg>
`;
}

function panelOf({ case: { name, title }, standings }: Outcome): string {
  const { width, height } = PANEL;
  const text = (x: number, y: number, words: string, more = ''): string =>
    `<text x="${round(x)}" y="${round(y)}" ${more}>${words}</text>`;
  const grid = [0.1, 1, 10, 100, 1_000, 10_000].map((us) => {
    const y = placeOf(us, LOW, HIGH, height, 0);
    const words = us >= 1_000 ? `${us / 1_000} ms` : `${us} µs`;
    return `<path d="M0 ${y}H${width}" stroke="#e3e5e8"/>${text(-6, y + 4, words, 'text-anchor="end" fill="#555"')}`;
  });
  const rates = RATES.map(([rate]) =>
    text(
      xOf(rate),
      height + 16,
      rate >= 1e6 ? `${rate / 1e6} M` : rate >= 1e3 ? `${rate / 1e3} k` : `${rate}`,
      'text-anchor="middle" fill="#555"',
    ),
  );
  const curves = standings.map(({ contestant, medians }, index) => {
    const color = COLORS[contestant] ?? OTHER;
    const points = RATES.flatMap(([rate], at) => {
      const us = medians[rateMeasures[at] ?? ''];
      return us === undefined ? [] : [`${round(xOf(rate))},${placeOf(us, LOW, HIGH, height, 0)}`];
    });
    const key = text(8 + index * 78, height + 48, contestant, `fill="${color}" font-weight="bold"`);
    const curve = `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>`;
    return points.length === 0 ? key : curve + key;
  });
  const heading = text(0, -36, name, 'font-weight="bold"');
  const what = text(0, -22, title.slice(title.lastIndexOf(': ') + 2), 'font-size="9"');
  const axis = text(width / 2, height + 32, 'messages a second', 'text-anchor="middle" fill="#555"');
  const unit = text(0, -8, 'processor time of a message', 'fill="#555"');
  return [heading, what, unit, ...grid, ...rates, axis, ...curves].join('\n');
}

function xOf(rate: number): number {
  return placeOf(rate, RATES[0][0], RATES[RATES.length - 1]?.[0] ?? 1, 8, PANEL.width - 8);
}

/** Where a value lies on a logarithmic axis from `low`, at `from`, to `high`, at `to`. */
function placeOf(value: number, low: number, high: number, from: number, to: number): number {
  const share = Math.log(Math.min(high, Math.max(low, value)) / low) / Math.log(high / low);
  return round(from + share * (to - from));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
