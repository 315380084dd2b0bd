import { type IncidentStart, TICKS_MAX } from '../incident/record.ts';
import type { Incident, Step } from './incident-file.ts';
import { Rerun, type RerunReport, type Shifts } from './rerun-router.ts';
import { isEntry, ticksBefore } from './rerun-tape.ts';

const TRIES_MAX = 60;

/**
 * Does again what a file has recorded, up to a step; stops at the first difference. The file knows in which tick of the
 * queue of promises something came in, and not its place among the promises of that tick: at a difference right after
 * such a place, other places are tried before it is told.
 */
export async function rerun(
  incident: Incident,
  start: IncidentStart,
  until = Number.POSITIVE_INFINITY,
): Promise<RerunReport> {
  const once = async (shifts: Shifts): Promise<RerunReport> => {
    const run = new Rerun(incident, start, shifts);
    await run.begin();
    return run.go(until);
  };
  let best: { readonly shifts: Shifts; readonly report: RerunReport } = {
    shifts: new Map(),
    report: await once(new Map()),
  };
  let tries = 0;
  for (let isBetter = true; isBetter && best.report.difference !== undefined; ) {
    isBetter = false;
    for (const [step, shift] of otherPlaces(incident.steps, best.report.difference.step)) {
      if (isBetter || tries === TRIES_MAX) break;
      tries += 1;
      const shifts = new Map([...best.shifts, [step, shift]]);
      const report = await once(shifts);
      isBetter = report.difference === undefined || report.difference.step > best.report.step;
      if (isBetter) best = { shifts, report };
    }
  }
  return best.report;
}

/** What came in before a step since the promises were last at rest, latest first, a tick later or earlier. */
function otherPlaces(steps: readonly Step[], before: number): readonly (readonly [number, number])[] {
  const places: (readonly [number, number])[] = [];
  const end = steps.findLastIndex(({ step }) => step <= before);
  for (let index = end; index >= 0; index -= 1) {
    const step = steps[index];
    if (!isEntry(step) || step.depth !== undefined) continue;
    if (ticksBefore(step) === TICKS_MAX) break;
    places.push([step.step, 1], [step.step, -1]);
  }
  return places;
}
