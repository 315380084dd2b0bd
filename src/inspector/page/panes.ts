import type { Entry, Frame, LetterRow, Letters } from '../protocol.ts';
import { make, makeTable } from './dom.ts';
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

/** Dead letters, newest first. */
export function letterTable(title: string, { hasMore, letters }: Letters): HTMLElement {
  const heading = make('h3', {}, title);
  if (letters.length === 0) return make('div', { class: 'letters' }, heading, make('p', { class: 'muted' }, 'None.'));
  const hasMessages = letters.some(({ message }) => message !== undefined);
  const titles = ['time', 'number', 'reason', 'attempts', 'error', ...(hasMessages ? ['message'] : [])];
  const body = make('tbody', {}, ...letters.map((letter) => make('tr', {}, ...cellsOf(letter))));
  const note = hasMessages ? '' : ' Their messages are not shown: showPayloads is off.';
  const caption = `${hasMore ? `The newest ${letters.length} are shown` : `${letters.length} kept`}.${note}`;
  return make('div', { class: 'letters' }, heading, makeTable(titles, body, caption));
}

function cellsOf({ at, id, reason, attempts, error, message }: LetterRow): HTMLElement[] {
  const cells = [timeOfDay(at), `#${id}`, reason, count(attempts), error || '–'];
  const shown = message === undefined ? [] : [make('td', {}, make('code', {}, message))];
  return [...cells.map((text) => make('td', {}, text)), ...shown];
}

/** The configuration in force, field by field, and when each was changed. */
export function configTable(config: unknown, channel: string, entries: readonly Entry[]): HTMLElement {
  // Every router has one; its fields are those of its schema.
  const { router, channels } = config as { router: unknown; channels: Readonly<Record<string, unknown>> };
  // A source or a feed has no fields of its own.
  const own = channel in channels ? flatten(channels[channel], `channels.${channel}`) : [];
  const fields = [...own, ...flatten(router, 'router')];
  const changes = entries.flatMap(({ at, changes: made = [] }) => made.map((change) => ({ at, ...change })));
  const rows = fields.map(([path, value]) => {
    // A change of a whole section changes each of its fields.
    const last = changes.findLast((change) => `${path}.`.startsWith(`${change.path.join('.')}.`));
    const when =
      last === undefined
        ? '–'
        : `${timeOfDay(last.at)}: ${setting(last.before)} → ${setting(last.after)} (${last.reload})`;
    return make(
      'tr',
      last === undefined ? {} : { 'data-tone': 'wait' },
      make('th', { scope: 'row' }, path.replace(`channels.${channel}.`, '')),
      make('td', {}, make('code', {}, setting(value))),
      make('td', { class: last === undefined ? 'muted' : '' }, when),
    );
  });
  return make('div', { class: 'config' }, makeTable(['field', 'value', 'changed'], make('tbody', {}, ...rows)));
}

function flatten(value: unknown, path: string): readonly (readonly [path: string, value: unknown])[] {
  const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  return fields.length === 0 ? [[path, value]] : fields.flatMap(([name, field]) => flatten(field, `${path}.${name}`));
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

/** What is wrong now, as items of a list. */
export function alertTexts(alerts: Frame['alerts'], now: number): readonly string[] {
  return alerts.map(({ alert, channel, source, feed, text, at }) => {
    const about = source ?? feed ?? channel ?? 'router';
    return `${about}: ${text} (${alert}, for ${duration(Math.max(0, now - at))})`;
  });
}
