import type { ChannelView } from '../channel/partition-view.ts';
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

interface Raised {
  alert: Alert;
  readonly since: number;
}

/**
 * Raises and clears alerts. An alert is published once when it begins and once when it ends, with how long it lasted; it
 * clears at a lower limit than it is raised at. A channel is looked at when it enters a state, and every second while
 * anything waits, is wrong or is expected of it: an idle router has no timer.
 */
export class Alerts {
  readonly #services: Services;
  readonly #channels: ReadonlyMap<string, ChannelView>;
  /** By channel: a look, which comes with each state of each channel, must not go through all. */
  readonly #raised = new Map<string | null, Map<AlertName, Raised>>();
  readonly #watched = new Map<string, Sight>();
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
    const look = ({ channel }: { readonly channel: string }): void =>
      this.#look(channels.has(channel) ? channel : channel.replace(/\/\d+$/, ''));
    services.bus.tapAtOnce('channel.entered', look);
    services.bus.tap('channel.gaveUp', look);
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

  /** Dead letters wait for their store, and why; undefined: they do not. */
  lettersHeld(trouble: string | undefined): void {
    this.#set('letters-held', null, trouble !== undefined && found(lettersWait(trouble)));
  }

  #look(name: string, isTimed = false): void {
    const { clock, scheduler } = this.#services;
    const channel = this.#channels.get(name);
    const before = this.#watched.get(name);
    this.#watched.delete(name);
    if (channel === undefined || channel.partitions.every(({ view }) => view.state === 'stopped')) {
      for (const alert of [...(this.#raised.get(name)?.keys() ?? [])]) this.#set(alert, name, false);
    } else {
      const now = clock.now();
      const sight = sightOf(channel, before, now);
      const findings = findingsOf(channel, sight, isTimed ? before : undefined, now, scheduler.starvationMs);
      // Object.entries widens the names.
      for (const [alert, finding] of Object.entries(findings)) this.#set(alert as AlertName, name, finding);
      // Error rates are taken from second to second: a look in between does not begin a new one.
      const { calls, failures } = (isTimed ? undefined : before) ?? sight;
      const isNews = before !== undefined && sight.calls !== before.calls;
      if (isNews || isExpectedToMove(channel) || this.#mayEnd(name))
        this.#watched.set(name, { ...sight, calls, failures });
    }
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

  /** Time alone may end an alert of the channel; that all messages have one key only other messages can. */
  #mayEnd(name: string): boolean {
    return [...(this.#raised.get(name)?.keys() ?? [])].some((alert) => alert !== 'one-partition');
  }

  #set(alert: AlertName, channel: string | null, finding: Finding): void {
    if (finding === undefined) return;
    const { clock, bus } = this.#services;
    const here = this.#raised.get(channel);
    const raised = here?.get(alert);
    if (finding !== false && raised !== undefined) {
      raised.alert = { ...raised.alert, text: finding.text };
    } else if (finding !== false && finding.isEnough) {
      const begun = { alert: { alert, channel, text: finding.text, at: clock.wallTime() }, since: clock.now() };
      this.#raised.set(channel, (here ?? new Map<AlertName, Raised>()).set(alert, begun));
      bus.publish('alert.raised', begun.alert);
    } else if (finding === false && raised !== undefined) {
      here?.delete(alert);
      if (here?.size === 0) this.#raised.delete(channel);
      bus.publish('alert.cleared', { ...raised.alert, lastedMs: clock.now() - raised.since });
    }
  }
}
