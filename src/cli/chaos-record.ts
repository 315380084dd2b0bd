import type { DataChannelRouter } from '../index.ts';
import { CALL_FAULTS, type FaultKind, OUTSIDE_FAULTS } from './chaos-plan.ts';

/** What can follow a fault. */
export type Consequence = 'failures' | 'retries' | 'isolations' | 'deadLetters' | 'trips' | 'restarts' | 'reloads';

/** What the report tells of the chaos. */
export interface ChaosReport {
  readonly seed: number;
  /** How often each fault struck. */
  readonly faults: Readonly<Record<string, number>>;
  /** What followed the faults of each kind, by kind. */
  readonly followed: Readonly<Record<string, Readonly<Record<Consequence, number>>>>;
  /** Messages that came through the door of a channel and that nothing knows of afterwards, counted outside of the router. */
  readonly lost: number;
}

/** The error of an injected fault. */
export class ChaosError extends Error {
  readonly kind: FaultKind;
  readonly retryable: boolean;

  constructor(kind: FaultKind) {
    super(`injected: ${kind}`);
    this.kind = kind;
    this.retryable = kind !== 'refuse';
  }
}

/**
 * Counts faults and what followed them. A consequence is put down to the latest fault of its channel, or to the one its
 * error names: which of two faults in a row opened a breaker, nobody can say.
 */
export class ChaosRecord {
  readonly faults = new Map<FaultKind, number>(
    [...CALL_FAULTS, ...OUTSIDE_FAULTS].map((kind): [FaultKind, number] => [kind, 0]),
  );
  readonly followed = new Map<FaultKind, Record<Consequence, number>>();
  readonly #latest = new Map<string, FaultKind>();

  struck(kind: FaultKind, channel: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    this.#latest.set(channel, kind);
  }

  /** Listens for what follows. */
  listen({ events }: Pick<DataChannelRouter, 'events'>): void {
    events.on('batch.failed', ({ channel, error }) => this.#followed('failures', channel, error));
    events.on('message.deadLettered', ({ channel, error }) => this.#followed('deadLetters', channel, error));
    events.on('channel.entered', ({ channel, to, cause }) => {
      if (cause === 'call.hung') this.#latest.set(nameOf(channel), 'hang');
      if (to === 'retrying') this.#followed('retries', channel);
      if (to === 'isolating') this.#followed('isolations', channel);
    });
    events.on('breaker.opened', ({ channel }) => this.#followed('trips', channel));
    events.on('channel.restarted', ({ channel }) => this.#followed('restarts', channel));
    events.on('config.applied', () => this.#add('reconfigure', 'reloads'));
  }

  #followed(consequence: Consequence, channel: string | null, error?: unknown): void {
    const name = nameOf(channel);
    if (error instanceof ChaosError) this.#latest.set(name, error.kind);
    const kind = this.#latest.get(name);
    if (kind !== undefined) this.#add(kind, consequence);
  }

  #add(kind: FaultKind, consequence: Consequence): void {
    const counts = this.followed.get(kind) ?? {
      failures: 0,
      retries: 0,
      isolations: 0,
      deadLetters: 0,
      trips: 0,
      restarts: 0,
      reloads: 0,
    };
    counts[consequence] += 1;
    this.followed.set(kind, counts);
  }
}

/** Facts name the partition, where there are several. */
function nameOf(channel: string | null): string {
  return channel?.split('/')[0] ?? '';
}
