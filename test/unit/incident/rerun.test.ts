import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { type Incident, parseIncident } from '../../../src/cli/incident-file.ts';
import { rerun } from '../../../src/cli/rerun.ts';
import type { RerunReport } from '../../../src/cli/rerun-router.ts';
import { act, beginRun, calmDown } from '../../support/recorded-run.ts';

const FIRST = Number(process.env.SEED ?? 1);
const SEEDS = Array.from({ length: Number(process.env.SEEDS ?? 20) }, (_, index) => FIRST + index);

async function runAgain(incident: Incident): Promise<RerunReport> {
  const { start } = incident.header;
  if (start === null) throw new Error(`it cannot be re-run: ${incident.header.obstacle}`);
  return rerun(incident, start);
}

/** The steps of the facts that a re-run has to tell. */
function factsFrom({ steps, header }: Incident): number[] {
  const start = header.start?.step ?? 0;
  return steps.filter(({ is, step }) => is === 'fact' && step >= start).map(({ step }) => step);
}

it.each(SEEDS)(
  'a run of chance (seed %i) comes out the same again: every fact, and the counters at its end',
  async (seed) => {
    const run = await beginRun(seed, 1_000_000);
    await act(run, 40);
    if (seed % 2 === 0) await run.rig.stop(300);
    const incident = parseIncident(await readFile(await run.write(), 'utf8'));
    expect(incident.header.start).toMatchObject({ from: 'making', step: 0 });
    const report = await runAgain(incident);
    expect(report.difference).toBeUndefined();
    expect(report.facts.map(({ step }) => step)).toEqual(factsFrom(incident));
    await run.end();
  },
);

it('of runs whose beginning is forgotten, those that were calm come out the same from there, and the others say why not', async () => {
  let calm = 0;
  for (const seed of SEEDS) {
    const run = await beginRun(seed, 4_000);
    await act(run, 40);
    await calmDown(run);
    await act(run, 6);
    const incident = parseIncident(await readFile(await run.write(), 'utf8'));
    expect(incident.steps.length, `seed ${seed}`).toBe(4_000);
    if (incident.header.start === null) {
      expect(incident.header.obstacle, `seed ${seed}`).toMatch(
        /holds neither the start of the router nor a calm moment: ./,
      );
    } else {
      calm += 1;
      expect(incident.header.start, `seed ${seed}`).toMatchObject({ from: 'calm' });
      const report = await runAgain(incident);
      expect(report.difference, `seed ${seed}`).toBeUndefined();
      expect(
        report.facts.map(({ step }) => step),
        `seed ${seed}`,
      ).toEqual(factsFrom(incident));
    }
    await run.end();
  }
  expect(calm).toBeGreaterThan(SEEDS.length / 4);
}, 120_000);
