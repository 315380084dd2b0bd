import { shownChange } from '../config/diff.ts';
import type { Clock } from '../core/clock.ts';
import { Mailbox } from '../core/mailbox.ts';
import { causeInWords } from '../facts/chart-words.ts';
import type { RouterFacts } from '../facts/events.ts';
import type { DataChannelRouter } from '../router/router.ts';
import { type Entry, routineStates } from './protocol.ts';
import { toText } from './text.ts';
import { toneOf, toneOfRouter } from './tone.ts';

/** `at`: now, unless it is said. */
type NewEntry = Omit<Entry, 'id' | 'at'> & { readonly at?: number };
type Fact = Exclude<keyof RouterFacts, 'message.rejected' | 'message.dropped' | 'message.deadLettered'>;

const ENTRIES_MAX = 1_000;

/**
 * What happened lately: transitions, breakers, restarts, alerts, configuration changes and operator commands. It
 * listens from the start, because people open a page after something happened. It ignores facts about single messages
 * and batches.
 */
export class TimeLine {
  readonly #clock: Clock;
  readonly #entries = new Mailbox<Entry>(ENTRIES_MAX);
  /** Ordinary transitions since the last `takeNews`, the latest of each partition: they are shown, not kept. */
  readonly #routine = new Map<string, Entry>();
  #news: Entry[] = [];
  #lastId = 0;
  #isWatched = false;
  readonly #unlisten: (() => void)[] = [];

  constructor(events: DataChannelRouter['events'], clock: Clock) {
    this.#clock = clock;
    const listen = <Type extends Fact>(type: Type, listener: (fact: RouterFacts[Type]) => void): void => {
      events.on(type, listener);
      this.#unlisten.push(() => events.off(type, listener));
    };
    listen('router.entered', ({ from, to, cause }) => this.#enter(null, from, to, cause, undefined));
    listen('channel.entered', ({ channel, from, to, cause, error }) => this.#enter(channel, from, to, cause, error));
    listen('source.entered', ({ source, from, to, cause, error }) => this.#enter(source, from, to, cause, error));
    listen('feed.entered', ({ feed, from, to, cause, error }) => this.#enter(feed, from, to, cause, error));
    listen('feed.gap', (gap) => this.add({ kind: 'alert', channel: gap.feed, tone: 'bad', text: gapInWords(gap) }));
    listen('feed.refused', ({ feed, names, why }) => {
      const what = names.length === 0 ? '' : ` ${names.join(', ')}`;
      this.add({ kind: 'alert', channel: feed, tone: 'bad', text: `the service refused${what}: ${why}` });
    });
    listen('source.gaveUp', ({ source, error }) => {
      this.add({ kind: 'restart', channel: source, tone: 'bad', text: `given up: ${toText(error)}` });
    });
    listen('source.gap', ({ source, partition, from, to }) => {
      const text = `positions ${from} to ${to} of partition ${partition} were removed before they were read`;
      this.add({ kind: 'alert', channel: source, tone: 'bad', text });
    });
    listen('channel.restarted', (fact) => this.add(restarted(fact)));
    listen('channel.gaveUp', (fact) => this.add(gaveUp(fact)));
    listen('breaker.opened', (fact) => this.add(opened(fact)));
    listen('breaker.closed', ({ channel, cause }) => {
      this.add({ kind: 'breaker', channel, tone: 'good', text: `breaker closed: ${inWords(cause)}` });
    });
    listen('alert.raised', ({ alert, channel, source, feed, text }) => {
      this.add({ kind: 'alert', channel: source ?? feed ?? channel, tone: 'bad', text: `alert ${alert}: ${text}` });
    });
    listen('alert.cleared', ({ alert, channel, source, feed, lastedMs }) => {
      const text = `alert ${alert} is over after ${(lastedMs / 1_000).toFixed(1)} s`;
      this.add({ kind: 'alert', channel: source ?? feed ?? channel, tone: 'good', text });
    });
    listen('config.applied', (fact) => this.add(applied(fact)));
    listen('config.rejected', ({ error }) => {
      this.add({ kind: 'config', channel: null, tone: 'bad', text: `configuration refused: ${toText(error)}` });
    });
  }

  /** The entries that are kept, oldest first. */
  get entries(): readonly Entry[] {
    // The offsets are those the mailbox has.
    return Array.from({ length: this.#entries.size }, (_, offset) => this.#entries.messageOf(offset) as Entry);
  }

  /** News are collected only while a page is open. */
  set isWatched(isWatched: boolean) {
    this.#isWatched = isWatched;
    this.#news = [];
    this.#routine.clear();
  }

  add(entry: NewEntry): void {
    const kept = this.#stamp(entry);
    if (this.#entries.size === ENTRIES_MAX) this.#entries.shift();
    this.#entries.push(kept, kept.at, kept.id);
    if (this.#isWatched && this.#news.length < ENTRIES_MAX) this.#news.push(kept);
  }

  takeNews(): readonly Entry[] {
    const news = [...this.#news, ...this.#routine.values()].sort((a, b) => a.id - b.id);
    this.#news = [];
    this.#routine.clear();
    return news;
  }

  dispose(): void {
    for (const unlisten of this.#unlisten) unlisten();
  }

  #enter(channel: string | null, from: string | null, to: string, cause: string, error: unknown): void {
    const isRoutine = channel !== null && routineStates.has(to) && routineStates.has(from);
    if (isRoutine && !this.#isWatched) return;
    const words = channel === null ? causeInWords(cause) : causeInWords(cause, to);
    const why = error === undefined ? words : `${words} (${toText(error)})`;
    const tone = channel === null ? toneOfRouter(to) : toneOf(to);
    const entry = { kind: 'state', channel, tone, text: `${to}: ${why}`, from, to, cause } as const;
    if (isRoutine) this.#routine.set(channel, this.#stamp(entry));
    else this.add(entry);
  }

  #stamp(entry: NewEntry): Entry {
    this.#lastId += 1;
    return { id: this.#lastId, at: this.#clock.wallTime(), ...entry };
  }
}

function gapInWords({ of, reason, missing, from, to }: RouterFacts['feed.gap']): string {
  const what = missing === null ? 'messages may be missing' : `${missing} messages are missing`;
  if (reason === 'sequence') return `gap: ${what}, ${from} to ${to} of ${of}`;
  return `gap: ${what}, ${reason === 'full' ? 'for want of room' : 'the feed was away'} for ${to - from} ms`;
}

function restarted({ channel, n, withinMs }: RouterFacts['channel.restarted']): NewEntry {
  return { kind: 'restart', channel, tone: 'wait', text: `restart ${n} within ${withinMs / 1_000} s` };
}

function gaveUp({ channel, restarts, error }: RouterFacts['channel.gaveUp']): NewEntry {
  return { kind: 'restart', channel, tone: 'bad', text: `given up after ${restarts} restarts: ${toText(error)}` };
}

function opened({ channel, cause, coolDownMs, rates }: RouterFacts['breaker.opened']): NewEntry {
  const failed = rates.failureRate === null ? '' : `, ${Math.round(rates.failureRate * 100)}% of ${rates.calls} failed`;
  const rest = Number.isFinite(coolDownMs) ? `probes in ${(coolDownMs / 1_000).toFixed(1)} s` : 'held open';
  return { kind: 'breaker', channel, tone: 'bad', text: `breaker opened: ${inWords(cause)}${failed}; ${rest}` };
}

function applied({ changes }: RouterFacts['config.applied']): NewEntry {
  const plain = changes.map(shownChange);
  const paths = plain.map(({ path }) => path.join('.'));
  const text = `configuration applied: ${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ', …' : ''}`;
  return { kind: 'config', channel: null, tone: 'plain', text, changes: plain };
}

function inWords(cause: string): string {
  return cause.replaceAll('-', ' ');
}
