import type { ChannelView } from '../channel/partition-view.ts';
import type { Services } from '../channel/services.ts';
import { errorText } from '../core/error-text.ts';
import type { Alert, AlertName } from '../facts/events.ts';
import { CONDITIONS, type Finding, findingsOf, isExpectedToMove, type Sight, sightOf } from './findings.ts';

/** How often conditions are looked at while anything goes on, in ms. */
const LOOK_MS = 1_000;

interface Raised {
  readonly alert: Alert;
  readonly since: number;
}

/**
 * Raises and clears alerts. Each is told once when it begins and once when it ends, with how long it lasted; it clears
 * at a lower limit than it is raised at. A channel is looked at when it enters a state, and every second while anything
 * waits, is wrong or is expected of it: an idle router has no timer.
 */
export class Alerts {
  readonly #services: Services;
  readonly #channels: ReadonlyMap<string, ChannelView>;
  /** Oldest first. */
  readonly #raised = new Set<Raised>();
  /** The same by what they are about: a look, which comes with each state of each channel, must not go through all. */
  readonly #raisedOf = new Map<string | null, Map<AlertName, Raised>>();
  readonly #watched = new Map<string, Sight>();
  #timer: unknown;

  constructor(services: Services, channels: ReadonlyMap<string, ChannelView>) {
    this.#services = services;
    this.#channels = channels;
    const look = ({ channel }: { readonly channel: string }): void =>
      this.#look(channels.has(channel) ? channel : channel.replace(/\/\d+$/, ''));
    services.bus.tap('channel.entered', look);
    services.bus.tap('channel.gaveUp', look);
    services.bus.tap('config.applied', () => {
      this.#set('config-rejected', null, false);
      for (const name of channels.keys()) this.#look(name);
    });
    services.bus.tap('config.rejected', ({ error }) => this.#set('config-rejected', null, errorText(error)));
  }

  /** What is raised now, oldest first. */
  list(): readonly Alert[] {
    return [...this.#raised].map(({ alert }) => alert);
  }

  /** Error rates are taken from second to second: a look between does not count for them. */
  #look(name: string, isTimed = false): void {
    const channel = this.#channels.get(name);
    const before = this.#watched.get(name);
    this.#watched.delete(name);
    if (channel === undefined || channel.partitions.every(({ view }) => view.state === 'stopped')) {
      for (const alert of [...(this.#raisedOf.get(name)?.keys() ?? [])]) this.#set(alert, name, false);
      return this.#stopWhenIdle();
    }
    const now = this.#services.clock.now();
    const sight = sightOf(channel, before, now);
    const rates = isTimed ? before : undefined;
    const findings = findingsOf(channel, sight, rates, now, this.#services.scheduler.starvationMs);
    for (const alert of CONDITIONS) this.#set(alert, name, findings[alert]);
    const hasMoved = before !== undefined && sight.calls !== before.calls;
    if (hasMoved || isExpectedToMove(channel) || this.#raisedOf.has(name))
      this.#watched.set(
        name,
        isTimed || before === undefined ? sight : { ...sight, calls: before.calls, failures: before.failures },
      );
    if (this.#watched.size === 0) return this.#stopWhenIdle();
    this.#timer ??= this.#services.clock.setTimeout(() => {
      this.#timer = undefined;
      for (const watched of [...this.#watched.keys()]) this.#look(watched, true);
    }, LOOK_MS);
  }

  #stopWhenIdle(): void {
    if (this.#watched.size > 0) return;
    this.#services.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #set(alert: AlertName, channel: string | null, finding: Finding): void {
    const raisedHere = this.#raisedOf.get(channel);
    const raised = raisedHere?.get(alert);
    const { clock, bus } = this.#services;
    if (typeof finding === 'string' && raised === undefined) {
      const begun = { alert: { alert, channel, text: finding, at: clock.wallTime() }, since: clock.now() };
      this.#raised.add(begun);
      if (raisedHere === undefined) this.#raisedOf.set(channel, new Map([[alert, begun]]));
      else raisedHere.set(alert, begun);
      bus.publish('alert.raised', begun.alert);
    } else if (finding === false && raised !== undefined) {
      this.#raised.delete(raised);
      raisedHere?.delete(alert);
      if (raisedHere?.size === 0) this.#raisedOf.delete(channel);
      bus.publish('alert.cleared', { ...raised.alert, lastedMs: clock.now() - raised.since });
    }
  }
}
