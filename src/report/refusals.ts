import type { ChannelView } from '../channel/partition-view.ts';
import type { Services } from '../channel/services.ts';
import { Counter } from '../core/counters.ts';
import { countsIn, type RouterMetrics } from './metrics.ts';
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

/** Finds out when a channel, or the router (null), refuses most of what comes. Looks only while something is refused. */
export function watchRefusals(
  { bus, clock, ending }: Services,
  channels: ReadonlyMap<string, ChannelView>,
  unserved: Pick<RouterMetrics, 'unroutable'>,
  report: (channel: string | null, found: Finding) => void,
): void {
  /** What had come when the present share was begun. */
  const watched = new Map<string | null, Intake & { readonly at: number }>();
  let timer: unknown;
  /** Undefined: there is no such channel any more. */
  const intakeNow = (name: string | null): Intake | undefined => {
    if (name === null) return intakeOf([...channels.values()], unserved.unroutable);
    const channel = channels.get(name);
    return channel && intakeOf([channel], 0);
  };
  const forget = (name: string | null): void => {
    watched.delete(name);
    report(name, false);
  };
  const watch = (name: string | null): void => {
    const intake = watched.has(name) || ending.isOver ? undefined : intakeNow(name);
    if (intake === undefined) return;
    watched.set(name, { ...intake, at: clock.now() });
    timer ??= clock.setTimeout(look, LOOK_MS);
  };
  const look = (): void => {
    for (const [name, before] of [...watched]) {
      const intake = intakeNow(name);
      const share = intake && shareOf(before, intake, clock.now() - before.at);
      if (intake === undefined || share === 'none') forget(name);
      else if (share !== undefined) {
        watched.set(name, { ...intake, at: clock.now() });
        report(name, share);
      }
    }
    timer = watched.size > 0 ? clock.setTimeout(look, LOOK_MS) : undefined;
  };
  bus.tap('message.rejected', ({ channel }) => {
    watch(null);
    if (channel !== null) watch(channel);
  });
  ending.listen(() => {
    for (const name of [...watched.keys()]) forget(name);
    clock.clearTimeout(timer);
  });
}

/** What was refused since; `none`: nothing, or nothing worth a share; undefined: too few have come to say. */
function shareOf(before: Intake, intake: Intake, tookMs: number): Finding | 'none' {
  const received = intake.received - before.received;
  if (received < MESSAGES_MIN && tookMs < FEW_MS) return undefined;
  const refused = Object.entries(intake.refused).map(([reason, count]): [string, number] => {
    return [reason, count - (before.refused[reason] ?? 0)];
  });
  const sum = refused.reduce((total, [, count]) => total + count, 0);
  if (sum === 0 || received < FEW_MIN) return 'none';
  return between(sum / received, REFUSED_HIGH, REFUSED_LOW, () => inWords(refused, sum, received, tookMs));
}

function intakeOf(channels: readonly ChannelView[], unroutable: number): Intake {
  const count = countsIn(channels.flatMap(({ partitions }) => partitions));
  const refused = Object.fromEntries(REASONS.map((reason) => [reason, count(Counter[reason])]));
  const atDoors = Object.values(refused).reduce((sum, each) => sum + each, 0);
  return {
    received: count(Counter.accepted) + atDoors + unroutable,
    refused: { 'unknown-type': unroutable, ...refused },
  };
}

function inWords(refused: readonly [string, number][], sum: number, received: number, tookMs: number): string {
  const text = (count: number): string => Math.round(count).toLocaleString('en-US');
  const reasons = refused.filter(([, count]) => count > 0).map(([reason, count]) => `${text(count)} ${reason}`);
  const perSecond = text((sum * 1_000) / tookMs);
  return `${text(sum)} of the last ${text(received)} messages were refused, ${perSecond} a second: ${reasons.join(', ')}`;
}
