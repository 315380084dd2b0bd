import type { Standing } from '../standing.ts';
import type { Outcome } from '../tournament.ts';

/** The results as one object: `cases.W1.sluice.perSecond`, `.ratioToBare`. */
export function toJson(outcomes: readonly Outcome[], rounds: number): object {
  const named = outcomes.map(({ heat, standings, skipped }) => {
    const { name, baseline } = heat.case;
    if (skipped !== undefined) return [name, { skipped }];
    return [name, Object.fromEntries(standings.map((standing) => [standing.contestant, entry(standing, baseline)]))];
  });
  return { rounds, cases: Object.fromEntries(named) };
}

function entry(standing: Standing, baseline: string): object {
  const { medians, ratio, nsAboveFloor, failure, turns } = standing;
  if (failure !== undefined) return { failure };
  const spread = Number(standing.spread.toFixed(3));
  return {
    ...Object.fromEntries(Object.entries(medians).map(([name, value]) => [name, rounded(value)])),
    ...(Number.isNaN(ratio) ? {} : { [`ratioTo${baseline[0]?.toUpperCase()}${baseline.slice(1)}`]: rounded(ratio) }),
    ...(Number.isNaN(nsAboveFloor) ? {} : { nsAboveFloor: rounded(nsAboveFloor) }),
    spread,
    turns,
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
