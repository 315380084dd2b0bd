import type { World } from '../channel/world.ts';
import { Counter } from '../core/counters.ts';
import { errorText } from '../core/error-text.ts';
import type { Alert, AlertName } from '../facts/events.ts';
import type { Channel } from '../router/channel.ts';
import type { Member } from '../router/member.ts';

/** How often conditions are looked at while anything goes on, in ms. */
const LOOK_MS = 1_000;
const MAILBOX_HIGH = 0.8;
const MAILBOX_LOW = 0.6;
const ERROR_RATE_HIGH = 0.5;
const ERROR_RATE_LOW = 0.25;
const ERROR_CALLS_MIN = 5;
/** The oldest message may wait this many times `timeoutMs`, and 5 s at least. */
const AGE_FACTOR = 10;
const AGE_MS_MIN = 5_000;

/** What a look finds: raise it with this text, clear it, or (undefined: between the two limits) leave it. */
type Finding = string | false | undefined;

/** What a look at a channel looks for. */
const CONDITIONS = [
  'breaker-open',
  'given-up',
  'hung',
  'mailbox-high',
  'error-rate',
  'oldest-message',
  'starvation',
  'feed-silent',
] as const satisfies readonly AlertName[];
type Findings = Record<(typeof CONDITIONS)[number], Finding>;

interface Raised {
  readonly alert: Alert;
  readonly since: number;
}

/** What a channel looked like the last time. */
interface Sight {
  readonly received: number;
  readonly calls: number;
  readonly failures: number;
  /** When its feed was last heard of, on the clock. */
  readonly heardAt: number;
}

/**
 * Raises and clears alerts. Each is told once when it begins and once when it ends, with how long it lasted; it clears
 * at a lower limit than it is raised at. A channel is looked at when it enters a state, and every second while anything
 * waits, is wrong or is expected of it: an idle router has no timer.
 */
export class Alerts {
  readonly #world: World;
  readonly #channels: ReadonlyMap<string, Channel>;
  /** Oldest first. */
  readonly #raised = new Set<Raised>();
  /** The same by what they are about: a look, which comes with each state of each channel, must not go through all. */
  readonly #raisedOf = new Map<string | null, Map<AlertName, Raised>>();
  readonly #watched = new Map<string, Sight>();
  #timer: unknown;

  constructor(world: World, channels: ReadonlyMap<string, Channel>) {
    this.#world = world;
    this.#channels = channels;
    const look = ({ channel }: { readonly channel: string }): void =>
      this.#look(channels.has(channel) ? channel : channel.replace(/\/\d+$/, ''));
    world.bus.tap('channel.entered', look);
    world.bus.tap('channel.gaveUp', look);
    world.bus.tap('config.applied', () => {
      this.#set('config-rejected', null, false);
      for (const name of channels.keys()) this.#look(name);
    });
    world.bus.tap('config.rejected', ({ error }) => this.#set('config-rejected', null, errorText(error)));
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
    if (channel === undefined || channel.members.every(({ state }) => state === 'stopped')) {
      for (const alert of [...(this.#raisedOf.get(name)?.keys() ?? [])]) this.#set(alert, name, false);
      return this.#stopWhenIdle();
    }
    const sight = this.#sightOf(channel, before);
    const rates = isTimed ? before : undefined;
    const findings = findingsOf(channel, sight, rates, this.#world.clock.now());
    for (const alert of CONDITIONS) this.#set(alert, name, findings[alert]);
    const hasMoved = before !== undefined && sight.calls !== before.calls;
    if (hasMoved || isExpectedToMove(channel) || this.#raisedOf.has(name))
      this.#watched.set(
        name,
        isTimed || before === undefined ? sight : { ...sight, calls: before.calls, failures: before.failures },
      );
    if (this.#watched.size === 0) return this.#stopWhenIdle();
    this.#timer ??= this.#world.clock.setTimeout(() => {
      this.#timer = undefined;
      for (const watched of [...this.#watched.keys()]) this.#look(watched, true);
    }, LOOK_MS);
  }

  #stopWhenIdle(): void {
    if (this.#watched.size > 0) return;
    this.#world.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #sightOf(channel: Channel, before: Sight | undefined): Sight {
    const sum = (index: (typeof Counter)['accepted' | 'rejected' | 'calls' | 'failures']): number =>
      channel.members.reduce((all, { slot }) => all + slot.counters[index], 0);
    const received = sum(Counter.accepted) + sum(Counter.rejected);
    const isHeard = before === undefined || before.received !== received;
    const heardAt = isHeard ? this.#world.clock.now() : before.heardAt;
    return { received, calls: sum(Counter.calls), failures: sum(Counter.failures), heardAt };
  }

  #set(alert: AlertName, channel: string | null, finding: Finding): void {
    const raisedHere = this.#raisedOf.get(channel);
    const raised = raisedHere?.get(alert);
    const { clock, bus } = this.#world;
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

/** Something waits in it, it is not itself, or its feed may not fall silent. */
function isExpectedToMove({ config, members }: Channel): boolean {
  const isBusy = ({ slot, state }: Member): boolean => state !== 'idle' || slot.depth + slot.batch.length > 0;
  return config.silenceMs > 0 || members.some(isBusy);
}

function findingsOf(channel: Channel, sight: Sight, before: Sight | undefined, now: number): Findings {
  const { members, config } = channel;
  const worst = (of: (member: Member) => number): number =>
    members.reduce((most, member) => Math.max(most, of(member)), Number.NEGATIVE_INFINITY);
  const isOpen = members.some(({ state }) => state === 'tripped' || state === 'probing');
  const full = worst(({ slot }) => slot.mailbox.size / slot.mailbox.capacity);
  const rate = isOpen ? undefined : errorRate(sight, before);
  const age = worst(({ slot }) => (slot.depth === 0 ? 0 : now - slot.oldestAcceptedAt));
  const ageMax = Math.max(AGE_MS_MIN, AGE_FACTOR * config.timeoutMs);
  const callMs = worst(({ slot }) => (slot.batch.length === 0 ? 0 : now - slot.startedAt));
  const turnMs = worst((member) => member.waitsForTurnMs);
  const { starvationMs } = channel.parts.world.turns.limits;
  const silence = now - sight.heardAt;
  return {
    'breaker-open': isOpen && `the breaker is open: ${members.map((member) => member.state).join(', ')}`,
    'given-up': members.some((member) => member.isGivenUp) && 'it failed too often and is not started again',
    hung: callMs >= config.processTimeoutMs && `a call of process has not settled for ${Math.round(callMs)} ms`,
    'mailbox-high': between(full, MAILBOX_HIGH, MAILBOX_LOW) && `the mailbox is ${Math.round(full * 100)} % full`,
    'error-rate':
      rate === undefined
        ? undefined
        : between(rate, ERROR_RATE_HIGH, ERROR_RATE_LOW) && `${Math.round(rate * 100)} % of the calls fail`,
    'oldest-message': between(age, ageMax, ageMax / 2) && `the oldest message has waited ${Math.round(age)} ms`,
    starvation: turnMs > starvationMs && `a batch has been due for ${Math.round(turnMs)} ms`,
    'feed-silent': config.silenceMs > 0 && silence >= config.silenceMs && `nothing came for ${Math.round(silence)} ms`,
  };
}

/** Too few calls raise no alarm; but a second without a failure ends one, however quiet it was. */
function errorRate(sight: Sight, before: Sight | undefined): number | undefined {
  if (before === undefined) return undefined;
  const calls = sight.calls - before.calls;
  const failures = sight.failures - before.failures;
  if (calls >= ERROR_CALLS_MIN) return failures / calls;
  return failures === 0 ? 0 : undefined;
}

/** Hysteresis: true from the higher limit on, false below the lower one, undefined between them. */
function between(value: number, high: number, low: number): boolean | undefined {
  if (value >= high) return true;
  return value < low ? false : undefined;
}
