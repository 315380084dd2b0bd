import { readFile } from 'node:fs/promises';
import type { Fact } from '../incident/record.ts';
import { toText } from '../incident/text.ts';
import { firstReading, type Incident, parseIncident, type Step } from './incident-file.ts';
import { reasonOf } from './problems.ts';
import { rerun } from './rerun.ts';
import type { RerunFact, RerunReport } from './rerun-router.ts';
import { formatCount, renderTable } from './table.ts';
import { type Terminal, widthOf } from './terminal.ts';

interface Options {
  readonly file: string;
  readonly until: number | undefined;
  readonly json: boolean;
}

/** Told by their number: there are as many as messages. */
const COUNTED: readonly string[] = [
  'batch.flushed',
  'message.rejected',
  'message.deadLettered',
  'message.dropped',
  'drain.progressed',
];

/** Re-runs a file and tells how it went; resolves with the exit code. */
export async function replayIncident({ file, until, json }: Options, terminal: Terminal): Promise<number> {
  const { stdout, stderr } = terminal;
  const incident = await read(file).catch((error: unknown) => {
    stderr.write(`sluice: ${file}: ${reasonOf(error)}\n`);
    return undefined;
  });
  if (incident === undefined) return 1;
  const { header, end } = incident;
  if (until !== undefined && until > end.step) {
    stderr.write(`sluice: --until ${until}: ${file} ends with step ${end.step}\n`);
    return 2;
  }
  const report = header.start === null ? header.obstacle : await rerun(incident, header.start, until);
  const verdict = verdictOf(incident, report);
  const { why, writtenAt } = header;
  const told = json
    ? [toText({ file, why, writtenAt, ...verdict, ...(typeof report === 'object' && report) })]
    : [...headOf(file, incident), ...bodyOf(incident, report, widthOf(stdout)), verdict.text];
  stdout.write(`${told.join('\n')}\n`);
  return verdict.same ? 0 : 1;
}

async function read(file: string): Promise<Incident> {
  return parseIncident(await readFile(file, 'utf8'));
}

/** What a re-run came to, or why there was none. */
type Result = RerunReport | string;

function verdictOf({ end }: Incident, report: Result): { same: boolean; text: string } {
  if (typeof report === 'string') return { same: false, text: `Not re-run: ${report}` };
  const { difference, step } = report;
  if (difference !== undefined) {
    const { recorded, rerun: ours } = difference;
    return { same: false, text: `DIFFERENT at step ${difference.step}\n  recorded: ${recorded}\n  re-run:   ${ours}` };
  }
  const isWhole = step === end.step;
  const text = isWhole ? 'and the same counters at the end' : `up to step ${step} of ${end.step}`;
  return { same: true, text: `The same: ${report.facts.length} facts as recorded, ${text}.` };
}

function headOf(file: string, { header, steps }: Incident): string[] {
  const { start, first, why, writtenAt } = header;
  const beginning =
    start === null
      ? 'nowhere'
      : start.from === 'making'
        ? 'when the router was made'
        : `at a calm moment, step ${start.step}`;
  return [
    file,
    `written  ${writtenAt}`,
    ...why.map((reason) => `because  ${reason}`),
    `holds    steps ${first} to ${first + steps.length - 1}${first > 0 ? ' (those before were discarded)' : ''}`,
    `begins   ${beginning}`,
    '',
  ];
}

/** What was told on the way, and how things stood at the end; of a file that cannot be re-run, what it holds. */
function bodyOf({ steps }: Incident, report: Result, width: number): string[] {
  const all = typeof report === 'string' ? factsIn(steps) : factsOf(report);
  const rows = all.filter(({ fact }) => !COUNTED.includes(fact.type));
  const counts = COUNTED.map((type) => [all.filter(({ fact }) => fact.type === type).length, type] as const);
  const beside = counts.flatMap(([count, type]) => (count > 0 ? [`${formatCount(count)} ${type}`] : []));
  const table = renderTable(
    [
      { title: 'step', expendable: 0, text: ({ step }) => String(step) },
      { title: 'ms', expendable: 3, text: ({ at }) => at.toFixed(1) },
      { title: 'fact', expendable: 0, isText: true, text: ({ fact }) => fact.type },
      { title: 'channel', expendable: 1, isText: true, text: ({ fact }) => String(fact.channel ?? '') },
      { title: 'what', expendable: 2, isText: true, text: ({ fact }) => whatOf(fact) },
    ],
    rows,
    width,
  );
  const facts = [...table, ...(beside.length === 0 ? [] : [`and ${beside.join(', ')}`]), ''];
  if (typeof report === 'string') return facts;
  const slots = Object.entries(report.slots).map(
    ([id, { state, waiting, inFlight }]) => `${id}: ${state}, ${waiting} waiting, ${inFlight} in flight`,
  );
  return [...facts, `at step ${report.step} the router is ${report.state}`, ...slots.map((line) => `  ${line}`), ''];
}

function factsOf({ facts, startedAt }: RerunReport): RerunFact[] {
  return facts.map((each) => ({ ...each, at: each.at - startedAt }));
}

/** Each fact at the reading of the clock before it. */
function factsIn(steps: readonly Step[]): RerunFact[] {
  const begin = firstReading(steps);
  let now = begin;
  return steps.flatMap((step) => {
    if (step.is === 'now') now = step.at;
    return step.is === 'fact' ? [{ step: step.step, at: now - begin, fact: step }] : [];
  });
}

/** A transition as an arrow, everything else as its fields. */
function whatOf({
  is: _is,
  type: _type,
  channel: _channel,
  step: _step,
  from,
  to,
  cause,
  error,
  ...rest
}: Fact): string {
  const arrow = to === undefined ? [] : [`${String(from)} → ${String(to)}`];
  const fields = Object.entries({ ...rest, ...(to === undefined && cause !== undefined && { cause }) });
  const because = to === undefined || cause === undefined ? [] : [`(${String(cause)})`];
  return [...arrow, ...because, ...fields.map(([key, value]) => `${key} ${String(value)}`), ...errorText(error)].join(
    ' ',
  );
}

function errorText(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [];
  const { text, thrown } = error as { readonly text?: unknown; readonly thrown?: unknown };
  return [`“${String(text ?? thrown ?? 'an error without text')}”`];
}
