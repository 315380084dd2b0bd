import type { ChannelRow, Entry, Frame, LetterRow, Letters } from '../protocol.ts';
import { make } from './dom.ts';
import { count, duration, setting, timeOfDay } from './format.ts';

/** What happened to a channel and to the router, newest first. Each time leads back to that moment. */
export function eventList(entries: readonly Entry[], show: (at: number) => void): HTMLElement {
  if (entries.length === 0) return make('p', { class: 'muted' }, 'Nothing unusual has happened yet.');
  const items = entries.map((entry) => {
    const time = make('button', { type: 'button', class: 'time', title: 'Show this moment' }, timeOfDay(entry.at));
    time.addEventListener('click', () => show(entry.at));
    const who = entry.channel ?? 'router';
    const way = entry.from === undefined ? '' : `${entry.from ?? 'start'} → `;
    return make(
      'li',
      { 'data-tone': entry.tone },
      time,
      make('span', { class: 'who' }, who),
      make('span', { class: 'what' }, `${way}${entry.text}`),
    );
  });
  return make('ol', { class: 'events' }, ...items);
}

/** The counters of a channel, as the conservation rule has them. */
export function numberTable(row: ChannelRow): HTMLElement {
  const accepted = row.received - row.rejected;
  const numbers: readonly (readonly [string, number, string])[] = [
    ['received', row.received, 'handed to the channel'],
    ['rejected', row.rejected, 'not accepted; the caller got the reason'],
    ['accepted', accepted, 'taken into the mailbox'],
    ['delivered', row.delivered, 'processed without an error'],
    ['dead-lettered', row.deadLettered, 'given up and kept as dead letters, with the reason'],
    ['shed', row.shed, 'dropped or conflated in the mailbox'],
    ['waiting', row.depth, 'in the mailbox, or waiting for the next attempt'],
    ['in flight', row.inFlight, 'in a call of process'],
    ['retries', row.retries, 'calls after a failed attempt'],
    ['restarts', row.restarts, 'new starts after a failure'],
  ];
  const rows = numbers.map(([name, value, meaning]) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, name),
      make('td', { class: 'number' }, count(value)),
      make('td', { class: 'muted' }, meaning),
    ),
  );
  return make('table', { class: 'numbers' }, make('caption', {}, ledger(row, accepted)), make('tbody', {}, ...rows));
}

/** The equation of the counters. */
function ledger(row: ChannelRow, accepted: number): string {
  const ends = row.delivered + row.deadLettered + row.shed + row.depth + row.inFlight;
  const returned = accepted - ends;
  const back = returned === 0 ? '' : ` + ${count(returned)} handed back`;
  return (
    `${count(accepted)} accepted = ${count(row.delivered)} delivered + ${count(row.deadLettered)} dead-lettered + ` +
    `${count(row.shed)} shed + ${count(row.depth)} waiting + ${count(row.inFlight)} in flight${back}`
  );
}

/** Dead letters, newest first. */
export function letterTable(title: string, { hasMore, letters }: Letters): HTMLElement {
  const heading = make('h3', {}, title);
  if (letters.length === 0) return make('div', { class: 'letters' }, heading, make('p', { class: 'muted' }, 'None.'));
  const hasMessages = letters.some(({ message }) => message !== undefined);
  const titles = ['time', 'number', 'reason', 'attempts', 'error', ...(hasMessages ? ['message'] : [])];
  const head = make('tr', {}, ...titles.map((title) => make('th', { scope: 'col' }, title)));
  const body = letters.map((letter) => make('tr', {}, ...cellsOf(letter)));
  const note = hasMessages ? '' : ' Their messages are not shown: showPayloads is off.';
  const caption = `${hasMore ? `The newest ${letters.length} are shown` : `${letters.length} kept`}.${note}`;
  const table = make('table', {}, make('caption', {}, caption), make('thead', {}, head), make('tbody', {}, ...body));
  return make('div', { class: 'letters' }, heading, table);
}

function cellsOf({ at, id, reason, attempts, error, message }: LetterRow): HTMLElement[] {
  const cells = [timeOfDay(at), `#${id}`, reason, count(attempts), error || '–'];
  const shown = message === undefined ? [] : [make('td', {}, make('code', {}, message))];
  return [...cells.map((text) => make('td', {}, text)), ...shown];
}

interface Setting {
  readonly path: string;
  readonly value: unknown;
}

/** The configuration in force, field by field, and when each was changed. */
export function configTable(config: unknown, channel: string, entries: readonly Entry[]): HTMLElement {
  // Every router has one; its fields are those of its schema.
  const { router, channels } = config as { router: unknown; channels: Readonly<Record<string, unknown>> };
  // A source or a feed has no fields of its own.
  const own = channel in channels ? flatten(channels[channel], `channels.${channel}`) : [];
  const fields = [...own, ...flatten(router, 'router')];
  const changes = entries.flatMap(({ at, changes: made = [] }) => made.map((change) => ({ at, ...change })));
  const rows = fields.map(({ path, value }) => {
    const last = changes.findLast((change) => isUnder(path, change.path.join('.')));
    const when =
      last === undefined
        ? '–'
        : `${timeOfDay(last.at)}: ${setting(last.before)} → ${setting(last.after)} (${last.reload})`;
    return make(
      'tr',
      last === undefined ? {} : { class: 'changed' },
      make('th', { scope: 'row' }, path.replace(`channels.${channel}.`, '')),
      make('td', {}, make('code', {}, setting(value))),
      make('td', { class: last === undefined ? 'muted' : '' }, when),
    );
  });
  const head = make('tr', {}, ...['field', 'value', 'changed'].map((title) => make('th', { scope: 'col' }, title)));
  return make('table', { class: 'config' }, make('thead', {}, head), make('tbody', {}, ...rows));
}

function flatten(value: unknown, path: string): Setting[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [{ path, value }];
  const fields = Object.entries(value);
  if (fields.length === 0) return [{ path, value }];
  return fields.flatMap(([name, field]) => flatten(field, `${path}.${name}`));
}

/** A change of a whole section changes each of its fields. */
function isUnder(path: string, changed: string): boolean {
  return path === changed || path.startsWith(`${changed}.`);
}

/** The router in numbers. */
export function totalsOf(
  perSecond: string,
  frame: Pick<Frame, 'conserved' | 'deadLetters' | 'unroutable' | 'ignored' | 'received'>,
): readonly (readonly [string, string, string])[] {
  const { stored, evicted } = frame.deadLetters;
  return [
    ['in', perSecond, 'plain'],
    ['received', count(frame.received), 'plain'],
    ['unroutable', count(frame.unroutable), frame.unroutable > 0 ? 'wait' : 'plain'],
    ...(frame.ignored > 0 ? [['ignored', count(frame.ignored), 'plain'] as const] : []),
    [
      'dead letters',
      evicted > 0 ? `${count(stored)} (${count(evicted)} evicted)` : count(stored),
      stored > 0 ? 'wait' : 'plain',
    ],
    ['accounted for', frame.conserved ? 'all' : 'NOT ALL', frame.conserved ? 'good' : 'bad'],
  ];
}

export function alertText(alert: string, channel: string | null, text: string, lastedMs: number): string {
  return `${channel ?? 'router'}: ${text} (${alert}, for ${duration(Math.max(0, lastedMs))})`;
}
