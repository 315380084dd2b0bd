import type { ChannelView } from '../channel/partition-view.ts';
import type { Services } from '../channel/services.ts';
import { errorText } from '../core/error-text.ts';
import type { DeadLetters } from '../facts/dead-letters.ts';
import { findingsOf, isAtEase, isAtRest, isExpectedToMove, percent, type Sight, sightOf } from './findings.ts';
import type { RouterMetrics } from './metrics.ts';
import { between, found, type RaisedAlerts, ROUTER } from './raised-alerts.ts';
import { watchRefusals } from './refusals.ts';

/** How often conditions are looked at while anything goes on, in ms. */
const LOOK_MS = 1_000;

/** From this on the store of dead letters counts as full, and below the other no longer. */
const LETTERS_HIGH = 1;
const LETTERS_LOW = 0.8;

/** Between these states a channel goes all the time. That it does shows nothing that is wrong; only time may. */
const HEALTHY: ReadonlySet<string> = new Set(['idle', 'buffering', 'flushing']);

/**
 * Raises and clears the alerts about channels and the router. They clear at a lower limit than they are raised at. A
 * channel is looked at when it enters a state that is not ordinary, and every second while anything waits, is wrong or is
 * expected of it: an idle router has no timer.
 */
export class Alerts {
  readonly #services: Services;
  readonly #channels: ReadonlyMap<string, ChannelView>;
  readonly #raised: RaisedAlerts;
  readonly #watched = new Map<string, Sight>();
  /** Channels that were looked at in this turn of the event loop, and whether they have to be again. */
  readonly #lookedAt = new Map<string, boolean>();
  #timer: unknown;
  readonly #letters: Pick<DeadLetters, 'lost'>;
  #lettersLost = 0;

  constructor(
    services: Services,
    raised: RaisedAlerts,
    channels: ReadonlyMap<string, ChannelView>,
    unserved: Pick<RouterMetrics, 'unroutable'>,
    letters: Pick<DeadLetters, 'lost'>,
  ) {
    this.#services = services;
    this.#raised = raised;
    this.#channels = channels;
    this.#letters = letters;
    watchRefusals(services, channels, unserved, (channel, finding) => raised.set('refusing', { channel }, finding));
    services.bus.tap('message.deadLettered', () => this.lettersLeft());
    const nameOf = (id: string): string => (id.includes('/') ? id.replace(/\/\d+$/, '') : id);
    services.bus.tapAtOnce('channel.entered', ({ channel, from, to }) => {
      const name = nameOf(channel);
      // Silence counts from the last message.
      const hangsOnMessages = this.#mayEnd(name) || (channels.get(name)?.config.silenceMs ?? 0) > 0;
      if (from === null || !HEALTHY.has(from) || !HEALTHY.has(to) || hangsOnMessages) this.#lookOnce(name);
      else if (to === 'idle') this.#rest(name);
      else this.#watch(name);
    });
    services.bus.tap('channel.gaveUp', ({ channel }) => this.#look(nameOf(channel)));
    services.bus.tap('config.applied', () => {
      raised.set('config-rejected', ROUTER, false);
      this.lettersLeft();
      for (const name of channels.keys()) this.#look(name);
    });
    services.bus.tap('config.rejected', ({ error }) => raised.set('config-rejected', ROUTER, found(errorText(error))));
  }

  lettersLeft(): void {
    const { count, fill } = this.#letters.lost;
    const isNews = count > this.#lettersLost;
    this.#lettersLost = count;
    const text = `${count.toLocaleString('en-US')} dead letters of accepted messages had to go; the store is ${percent(fill)} full`;
    const finding = between(fill, LETTERS_HIGH, LETTERS_LOW, () => text);
    // A full store is no loss yet.
    this.#raised.set('letters-evicted', ROUTER, isNews ? found(text) : finding && { ...finding, isEnough: false });
  }

  /** From now on it is looked at every second, while anything goes on. */
  #watch(name: string): void {
    if (this.#watched.has(name)) return;
    const channel = this.#channels.get(name);
    if (channel === undefined) return;
    this.#watched.set(name, sightOf(channel, undefined, this.#services.clock.now()));
    this.#setTimer();
  }

  /** It has nothing to do: if nothing is wrong either, it need not be looked at before its next message. */
  #rest(name: string): void {
    const channel = this.#channels.get(name);
    if (channel && isAtRest(channel, this.#watched.get(name), this.#services.clock.now())) this.#watched.delete(name);
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
    const isHeld = trouble !== undefined;
    this.#raised.set('letters-held', ROUTER, isHeld && found(`dead letters wait for their store: ${trouble}`));
  }

  #look(name: string, isTimed = false): void {
    const { clock, scheduler } = this.#services;
    const channel = this.#channels.get(name);
    const before = this.#watched.get(name);
    this.#watched.delete(name);
    if (channel === undefined || channel.partitions.every(({ state }) => state === 'stopped')) {
      this.#raised.clear({ channel: name });
    } else {
      const now = clock.now();
      const sight = sightOf(channel, before, now);
      const look = { now, sight, before: isTimed ? before : undefined, starvationMs: scheduler.limits.starvationMs };
      if (this.#raised.of({ channel: name }).length > 0 || !isAtEase(channel, look))
        this.#raised.setAll({ channel: name }, findingsOf(channel, look));
      // Error rates are taken from second to second: a look in between does not begin a new one.
      const { calls, failures } = (isTimed ? undefined : before) ?? sight;
      const isNews = before !== undefined && sight.calls !== before.calls;
      if (isNews || isExpectedToMove(channel) || this.#mayEnd(name))
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

  /** Time alone may end an alert of the channel; that all messages have one key only other messages can. */
  #mayEnd(name: string): boolean {
    return this.#raised.of({ channel: name }).some(({ alert }) => alert !== 'one-partition');
  }
}
