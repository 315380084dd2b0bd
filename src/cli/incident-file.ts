import { INCIDENT_VERSION, type IncidentEnd, type IncidentHeader, type IncidentRecord } from '../incident/record.ts';
import { fromText } from '../incident/text.ts';

/** A record and its step. */
export type Step = IncidentRecord & { readonly step: number };

/** What a file of `recordIncident` holds. */
export interface Incident {
  readonly header: IncidentHeader;
  readonly steps: readonly Step[];
  readonly end: IncidentEnd;
}

/** Reads the text of a file; throws an error for people, which names the line, when it is not one of ours or not whole. */
export function parseIncident(text: string): Incident {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const header = headerOf(lineAt(lines, 0));
  const end = lineAt(lines, lines.length - 1);
  if (end.is !== 'end') throw new Error(`it is cut off: line ${lines.length} should be its end`);
  const steps: Step[] = [];
  for (let index = 1; index < lines.length - 1; index += 1) addSteps(steps, header, lineAt(lines, index), index + 1);
  // The fields are ours: the version says so, and each record was checked for its step.
  return { header: header as unknown as IncidentHeader, steps, end: end as unknown as IncidentEnd };
}

/** What the clock said first; 0: nobody asked it. */
export function firstReading(steps: readonly Step[]): number {
  return steps.find((step) => step.is === 'now')?.at ?? 0;
}

type Line = Readonly<Record<string, unknown>>;

function headerOf(header: Line): Line {
  if (header.sluice !== 'incident') throw new Error('it is not a file of recordIncident: line 1 does not say so');
  if (header.version === INCIDENT_VERSION) return header;
  const text = `it has version ${String(header.version)} of the format, and this sluice reads version ${INCIDENT_VERSION}`;
  throw new Error(Number(header.version) > INCIDENT_VERSION ? `${text}; a newer sluice wrote it` : text);
}

function addSteps(steps: Step[], header: Line, line: Line, number: number): void {
  const expected = Number(header.first) + steps.length;
  if (line.step !== expected || typeof line.is !== 'string')
    throw new Error(`line ${number} should hold step ${expected}, it holds ${JSON.stringify(line).slice(0, 80)}`);
  // Readings of the clock in a row share a line.
  if (line.is === 'now' && Array.isArray(line.at))
    for (const [index, at] of line.at.entries()) steps.push({ is: 'now', at, step: expected + index });
  else steps.push(line as unknown as Step);
}

function lineAt(lines: readonly string[], index: number): Line {
  try {
    const line = fromText(lines[index] ?? '');
    if (typeof line === 'object' && line !== null) return line as Line;
  } catch {
    // Told below, as anything else that is no object.
  }
  throw new Error(`line ${index + 1} is not a JSON object: ${JSON.stringify((lines[index] ?? '').slice(0, 60))}`);
}
