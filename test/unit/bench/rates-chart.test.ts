import { expect, it } from 'vitest';
import { cases } from '../../bench/cases.ts';
import { RATES, rateMeasures } from '../../bench/rate-setting.ts';
import { ratesChart } from '../../bench/rates-chart.ts';
import type { Standing } from '../../bench/standing.ts';

const rates = cases.filter(({ group }) => group === 'rates');

function standing(contestant: string, costOf: (rate: number) => number): Standing {
  const medians = Object.fromEntries(RATES.map(([rate], at) => [rateMeasures[at] ?? '', costOf(rate)]));
  return { contestant, medians, ratio: 1, spread: 0, turns: [], failure: undefined };
}

/** The points of each curve, in pixels. */
function curvesIn(svg: string): number[][][] {
  return [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points = '']) =>
    points.split(' ').map((point) => point.split(',').map(Number)),
  );
}

it('each contestant of each case is a curve that falls from left to right as its costs do', () => {
  const outcomes = rates.map((each) => ({
    case: each,
    standings: [standing('hand', (rate) => 1_000 / rate + 0.2), standing('sluice', (rate) => 2_000 / rate + 0.4)],
  }));
  const curves = curvesIn(ratesChart(outcomes));
  expect(curves).toHaveLength(2 * rates.length);
  for (const points of curves) {
    expect(points).toHaveLength(RATES.length);
    for (const [index, [x = 0, y = 0]] of points.entries()) {
      const [lastX = -1, lastY = -1] = points[index - 1] ?? [];
      expect(x).toBeGreaterThan(lastX);
      // Downward is more in a picture.
      expect(y).toBeGreaterThan(lastY);
    }
  }
  // What costs twice as much is higher by the same length everywhere.
  const [hand = [], sluice = []] = curves;
  const gaps = hand.map(([, y = 0], index) => y - (sluice[index]?.[1] ?? 0));
  expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThan(0.3);
});

it('a contestant that failed has no curve', () => {
  const [first] = rates;
  if (first === undefined) throw new Error('no case of rates');
  const failed: Standing = { ...standing('sluice', () => 1), medians: {}, failure: '1 of 2 messages are missing' };
  expect(curvesIn(ratesChart([{ case: first, standings: [failed] }]))).toEqual([]);
});
