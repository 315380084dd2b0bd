import type { ChannelView, PartitionView } from '../channel/partition-view.ts';
import type { Services } from '../channel/services.ts';
import { errorText } from '../core/error-text.ts';
import type { DeadLetters } from '../facts/dead-letters.ts';
import type { Alert, AlertName } from '../facts/events.ts';
import {
  between,
  type Finding,
  findingsOf,
  found,
  isExpectedToMove,
  percent,
  type Sight,
  sightOf,
} from './findings.ts';
import type { Raised } from './raised-alerts.ts';
import { Refusals, type Unserved } from './refusals.ts';

/** That letters wait for their store, in words. */
function lettersWait(trouble: string): string {
  return `dead letters wait for their store: ${trouble}`;
}

/** How often conditions are looked at while anything goes on, in ms. */
const LOOK_MS = 1_000;

/** From this on the store of dead letters counts as full, and below the other no longer. */
const LETTERS_HIGH = 1;
const LETTERS_LOW = 0.8;

/** Between these states a channel goes all the time. That it does shows nothing that is wrong; only time may. */
const HEALTHY: ReadonlySet<string> = new Set(['idle', 'buffering', 'flushing']);

interface Changing {
  alert: Alert;
  readonly since: number;
}

/**
 * Raises and clears alerts. An alert is published once when it begins and once when it ends, with how long it lasted; it
 * clears at a lower limit than it is raised at. A channel is looked at when it enters a state that is not ordinary, and
 * every second while anything waits, is wrong or is expected of it: an idle router has no timer.
 */
export class Alerts {
  readonly #services: Services;
  readonly #channels: ReadonlyMap<string, ChannelView>;
  /** By channel: a look, which comes with each state of each channel, must not go through all. */
  readonly #raised = new Map<string | null, Map<AlertName, Changing>>();
  readonly #watched = new Map<string, Sight>();
  /** Channels that were looked at in this turn of the event loop, and whether they have to be again. */
  readonly #lookedAt = new Map<string, boolean>();
  #timer: unknown;

  readonly #letters: Pick<DeadLetters, 'lost'>;
  #lettersLost = 0;

  constructor(
    services: Services,
    channels: ReadonlyMap<string, ChannelView>,
    unserved: Unserved,
    letters: Pick<DeadLetters, 'lost'>,
  ) {
    this.#services = services;
    this.#channels = channels;
    this.#letters = letters;
    new Refusals(services, channels, unserved, (channel, finding) => this.#set('refusing', channel, finding));
    services.bus.tap('message.deadLettered', () => this.lettersLeft());
    const nameOf = (id: string): string => (channels.has(id) ? id : id.replace(/\/\d+$/, ''));
    services.bus.tapAtOnce('channel.entered', ({ channel, from, to }) => {
      const name = nameOf(channel);
      if (from !== null && HEALTHY.has(from) && HEALTHY.has(to) && !this.#hangsOnMessages(name)) this.#watch(name);
      else this.#lookOnce(name);
    });
    services.bus.tap('channel.gaveUp', ({ channel }) => this.#look(nameOf(channel)));
    services.bus.tap('config.applied', () => {
      this.#set('config-rejected', null, false);
      this.lettersLeft();
      for (const name of channels.keys()) this.#look(name);
    });
    services.bus.tap('config.rejected', ({ error }) => this.#set('config-rejected', null, found(errorText(error))));
  }

  /** What is raised now, by this or, as `others`, by somebody else; oldest first. */
  list(others: readonly Raised[] = []): readonly Alert[] {
    const all = [...this.#raised.values()].flatMap((alerts) => [...alerts.values()]);
    return [...all, ...others].toSorted((left, right) => left.since - right.since).map(({ alert }) => alert);
  }

  /** What is wrong with the router beside its channels, in words: it refuses most of what comes, or letters wait; null: nothing. */
  get ofRouter(): string | null {
    const raised = this.#raised.get(null);
    return (raised?.get('refusing') ?? raised?.get('letters-held'))?.alert.text ?? null;
  }

  /** Dead letters came or went. */
  lettersLeft(): void {
    const { count, fill } = this.#letters.lost;
    const isNews = count > this.#lettersLost;
    this.#lettersLost = count;
    const text = `${count.toLocaleString('en-US')} dead letters of accepted messages had to go; the store is ${percent(fill)} full`;
    const finding = between(fill, LETTERS_HIGH, LETTERS_LOW, () => text);
    // A full store is no loss yet.
    this.#set('letters-evicted', null, isNews ? found(text) : finding && { ...finding, isEnough: false });
  }

  /** From now on it is looked at every second, while anything goes on. */
  #watch(name: string): void {
    if (this.#watched.has(name)) return;
    const channel = this.#channels.get(name);
    if (channel === undefined) return;
    this.#watched.set(name, sightOf(viewsOf(channel), undefined, this.#services.clock.now()));
    this.#setTimer();
  }

  /** Looks now and, if more happens in this turn of the event loop, once more after it: a look goes through all partitions. */
  #lookOnce(name: string): void {
    if (this.#lookedAt.has(name)) return void this.#lookedAt.set(name, true);
    this.#look(name);
    if ((this.#channels.get(name)?.partitions.length ?? 0) < 2) return;
    this.#lookedAt.set(name, false);
    this.#services.clock.setImmediate(() => {
      const mustLook = this.#lookedAt.get(name) === true;
      this.#lookedAt.delete(name);
      if (mustLook) this.#look(name);
    });
  }

  /** Dead letters wait for their store, and why; undefined: they do not. */
  lettersHeld(trouble: string | undefined): void {
    this.#set('letters-held', null, trouble !== undefined && found(lettersWait(trouble)));
  }

  #look(name: string, isTimed = false): void {
    const { clock, scheduler } = this.#services;
    const channel = this.#channels.get(name);
    const before = this.#watched.get(name);
    this.#watched.delete(name);
    const views = channel === undefined ? [] : viewsOf(channel);
    if (channel === undefined || views.every(({ state }) => state === 'stopped')) {
      for (const alert of [...(this.#raised.get(name)?.keys() ?? [])]) this.#set(alert, name, false);
    } else {
      const now = clock.now();
      const sight = sightOf(views, before, now);
      const findings = findingsOf(channel, views, sight, isTimed ? before : undefined, now, scheduler.starvationMs);
      // Object.keys widens the names.
      for (const alert of Object.keys(findings) as (keyof typeof findings)[]) this.#set(alert, name, findings[alert]);
      // Error rates are taken from second to second: a look in between does not begin a new one.
      const { calls, failures } = (isTimed ? undefined : before) ?? sight;
      const isNews = before !== undefined && sight.calls !== before.calls;
      if (isNews || isExpectedToMove(channel, views) || this.#mayEnd(name))
        this.#watched.set(name, { ...sight, calls, failures });
    }
    this.#setTimer();
  }

  #setTimer(): void {
    const { clock } = this.#services;
    if (this.#watched.size > 0) {
      this.#timer ??= clock.setTimeout(() => {
        this.#timer = undefined;
        for (const watched of [...this.#watched.keys()]) this.#look(watched, true);
      }, LOOK_MS);
    } else {
      clock.clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  /** An alert is raised that may end, or silence counts from the last message. */
  #hangsOnMessages(name: string): boolean {
    return this.#mayEnd(name) || (this.#channels.get(name)?.config.silenceMs ?? 0) > 0;
  }

  /** Time alone may end an alert of the channel; that all messages have one key only other messages can. */
  #mayEnd(name: string): boolean {
    return [...(this.#raised.get(name)?.keys() ?? [])].some((alert) => alert !== 'one-partition');
  }

  #set(alert: AlertName, channel: string | null, finding: Finding): void {
    const here = this.#raised.get(channel);
    // Most looks find nothing, and nothing is raised.
    if (finding === undefined || (finding === false && here === undefined)) return;
    const { clock, bus } = this.#services;
    const raised = here?.get(alert);
    if (finding !== false && raised !== undefined) {
      raised.alert = { ...raised.alert, text: finding.text };
    } else if (finding !== false && finding.isEnough) {
      const begun = { alert: { alert, channel, text: finding.text, at: clock.wallTime() }, since: clock.now() };
      this.#raised.set(channel, (here ?? new Map<AlertName, Changing>()).set(alert, begun));
      bus.publish('alert.raised', begun.alert);
    } else if (finding === false && raised !== undefined) {
      here?.delete(alert);
      if (here?.size === 0) this.#raised.delete(channel);
      bus.publish('alert.cleared', { ...raised.alert, lastedMs: clock.now() - raised.since });
    }
  }
}

function viewsOf({ partitions }: ChannelView): readonly PartitionView[] {
  return partitions.map(({ view }) => view);
}
