import type { ChannelMetrics } from '../channel/channel-metrics.ts';
import { refuse } from '../channel/copies.ts';
import type { Alert } from '../facts/events.ts';
import type { ChannelHealth, RouterHealth } from '../report/health.ts';
import type { RouterMetrics } from '../report/metrics.ts';
import type { DataChannelRouter } from '../router/router.ts';

/** Everything read from a router at one moment: plain data, which can be sent to another thread. */
export interface Reading {
  readonly metrics: RouterMetrics;
  readonly health: RouterHealth;
  readonly mailboxes: Readonly<Record<string, MailboxReading>>;
  readonly alerts: readonly AlertReading[];
}

/** What is wrong, and about what. */
type AlertReading = Pick<Alert, 'alert' | 'channel' | 'source' | 'feed'>;

/** The mailboxes of a channel, one per partition, taken together. */
interface MailboxReading {
  /** How many messages all of them can hold. */
  readonly capacity: number;
  /** How long the oldest message has waited; 0: no message waits. */
  readonly oldestAgeMs: number;
}

/** The part of a reading about one channel. */
export type ChannelReading = ChannelMetrics & MailboxReading & { readonly health: ChannelHealth };

/** The part of a router that is read here, which is the same for all types of events. */
export type Readable = Pick<DataChannelRouter, 'metrics' | 'health' | 'alerts' | 'channels'>;

/** Reads everything once. */
export function readRouter(router: Readable): Reading {
  if (typeof router?.metrics !== 'function') refuse(router, 'a router of createRouter');
  return {
    metrics: router.metrics(),
    health: router.health(),
    mailboxes: readMailboxes(router),
    alerts: router.alerts.map(({ text: _, at: _at, ...about }) => about),
  };
}

/** Each channel by its name. */
export function channelsOf({ metrics, health, mailboxes }: Reading): (readonly [name: string, ChannelReading])[] {
  return withHealth(metrics.channels, health.channels).map(([name, each]) => {
    // Both were read at the same moment.
    const mailbox = mailboxes[name] ?? { capacity: 0, oldestAgeMs: 0 };
    return [name, { ...each, ...mailbox }] as const;
  });
}

/** Metrics with the health that was read at the same moment, by name. */
export function withHealth<Each>(metrics: Readonly<Record<string, Each>>, health: RouterHealth['channels']) {
  return Object.entries(metrics).flatMap(([name, each]) => {
    const its = health[name];
    return its === undefined ? [] : [[name, { ...each, health: its }] as const];
  });
}

function readMailboxes({ channels }: Pick<Readable, 'channels'>): Record<string, MailboxReading> {
  const mailboxes: Record<string, MailboxReading> = {};
  for (const [name, { config, partitions }] of channels) {
    const oldestAgeMs = partitions.reduce((oldest, { oldestMs }) => Math.max(oldest, oldestMs), 0);
    mailboxes[name] = { capacity: config.capacity * partitions.length, oldestAgeMs };
  }
  return mailboxes;
}
