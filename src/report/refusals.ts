import type { ChannelView } from '../channel/partition-view.ts';
import type { Services } from '../channel/services.ts';
import { Counter, type Counters } from '../core/counters.ts';
import { between, type Finding } from './raised-alerts.ts';

const LOOK_MS = 1_000;
/** A share is taken of so many messages at least, or after so many ms of the few that came. */
const MESSAGES_MIN = 10;
const FEW_MIN = 5;
const FEW_MS = 10_000;
const REFUSED_HIGH = 0.5;
const REFUSED_LOW = 0.25;
/** A message that comes after the end of a channel is not refused by it. */
const REASONS = ['invalid', 'mailbox-full', 'tripped'] as const;

/** How many messages came, and how many of them were refused, by reason. */
interface Intake {
  readonly received: number;
  readonly refused: Readonly<Record<string, number>>;
}

/** What is counted of messages that no channel serves. */
export interface Unserved {
  readonly unroutable: number;
}

/** Finds out when a channel, or the router (null), refuses most of what comes. Looks only while something is refused. */
export class Refusals {
  readonly #services: Services;
  readonly #channels: ReadonlyMap<string, ChannelView>;
  readonly #unserved: Unserved;
  readonly #report: (channel: string | null, found: Finding) => void;
  /** What had come when the present share was begun. */
  readonly #watched = new Map<string | null, Intake & { readonly at: number }>();
  #timer: unknown;

  constructor(
    services: Services,
    channels: ReadonlyMap<string, ChannelView>,
    unserved: Unserved,
    report: (channel: string | null, found: Finding) => void,
  ) {
    this.#services = services;
    this.#channels = channels;
    this.#unserved = unserved;
    this.#report = report;
    services.bus.tap('message.rejected', ({ channel }) => {
      if (!this.#watched.has(null)) this.#watch(null);
      if (channel !== null && !this.#watched.has(channel)) this.#watch(channel);
    });
    services.ending.listen(() => {
      for (const channel of [...this.#watched.keys()]) this.#forget(channel);
      services.clock.clearTimeout(this.#timer);
    });
  }

  #watch(channel: string | null): void {
    const { clock, ending } = this.#services;
    const intake = this.#intakeOf(channel);
    if (ending.isOver || intake === undefined) return;
    this.#watched.set(channel, { ...intake, at: clock.now() });
    this.#timer ??= clock.setTimeout(() => this.#look(), LOOK_MS);
  }

  #look(): void {
    const { clock } = this.#services;
    this.#timer = undefined;
    for (const channel of [...this.#watched.keys()]) this.#lookAt(channel, clock.now());
    if (this.#watched.size > 0) this.#timer = clock.setTimeout(() => this.#look(), LOOK_MS);
  }

  #lookAt(channel: string | null, now: number): void {
    const before = this.#watched.get(channel);
    const intake = this.#intakeOf(channel);
    if (before === undefined || intake === undefined) return this.#forget(channel);
    const received = intake.received - before.received;
    const tookMs = now - before.at;
    if (received < MESSAGES_MIN && tookMs < FEW_MS) return;
    const refused = Object.entries(intake.refused).map(([reason, count]): [string, number] => {
      return [reason, count - (before.refused[reason] ?? 0)];
    });
    const sum = refused.reduce((total, [, count]) => total + count, 0);
    if (sum === 0 || received < FEW_MIN) return this.#forget(channel);
    this.#watched.set(channel, { ...intake, at: now });
    this.#report(
      channel,
      between(sum / received, REFUSED_HIGH, REFUSED_LOW, () => inWords(refused, sum, received, tookMs)),
    );
  }

  #forget(channel: string | null): void {
    this.#watched.delete(channel);
    this.#report(channel, false);
  }

  /** Undefined: there is no such channel any more. */
  #intakeOf(name: string | null): Intake | undefined {
    if (name !== null) {
      const channel = this.#channels.get(name);
      return channel && intakeOf([channel], 0);
    }
    return intakeOf([...this.#channels.values()], this.#unserved.unroutable);
  }
}

function intakeOf(channels: readonly ChannelView[], unroutable: number): Intake {
  const all = channels.flatMap(({ partitions }) => partitions.map(({ view }) => view.counters));
  const sum = (index: keyof Counters): number => all.reduce((total, counters) => total + counters[index], 0);
  const refused = Object.fromEntries(REASONS.map((reason) => [reason, sum(Counter[reason])]));
  const atDoors = Object.values(refused).reduce((total, count) => total + count, 0);
  return {
    received: sum(Counter.accepted) + atDoors + unroutable,
    refused: { 'unknown-type': unroutable, ...refused },
  };
}

function inWords(refused: readonly [string, number][], sum: number, received: number, tookMs: number): string {
  const text = (count: number): string => Math.round(count).toLocaleString('en-US');
  const reasons = refused.filter(([, count]) => count > 0).map(([reason, count]) => `${text(count)} ${reason}`);
  const perSecond = text((sum * 1_000) / tookMs);
  return `${text(sum)} of the last ${text(received)} messages were refused, ${perSecond} a second: ${reasons.join(', ')}`;
}
