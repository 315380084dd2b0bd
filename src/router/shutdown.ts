import { whenRefused } from '../channel/waiting-offers.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import { invalidOption } from '../core/sluice-error.ts';
import { beginReport, type DrainReport, drainReport } from '../report/drain-report.ts';
import type { RouterParts } from './parts.ts';
import { type RouterActor, until } from './router-actor.ts';

/** How long a drain may take. */
export interface StopOptions {
  /** In ms, default 5,000. What is not delivered by then is handed back. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 5_000;

const stopOptions: OptionNames<StopOptions> = { deadlineMs: true };

/** Throws `SluiceError` `invalid-option` for anything but a number of ms. */
export function deadlineOf(functionName: 'stop' | 'remove', options: StopOptions): number {
  checkOptions(functionName, options, stopOptions);
  const { deadlineMs = DEADLINE_MS } = options;
  if (Number.isFinite(deadlineMs) && deadlineMs >= 0) return deadlineMs;
  throw invalidOption(`deadlineMs must be a number of ms from 0, got ${String(deadlineMs)}`);
}

/** Stops intake, drains all channels under one deadline, and ends the router's actor. */
export async function stopRouter(
  { feeds, fleet, services, sources, stored }: RouterParts,
  actor: RouterActor,
  deadlineMs: number,
): Promise<DrainReport> {
  const startedAt = services.clock.now();
  stored?.expectFinish();
  const standing = [...fleet.channels.values()].filter(({ isRemovedByHand }) => !isRemovedByHand);
  const finish = beginReport([...standing, ...fleet.takenOut.held]);
  const { supervisor } = fleet;
  supervisor.closeInboxes(startedAt + deadlineMs);
  if (!supervisor.isLaunched) {
    supervisor.drain();
    services.ending.end();
  } else if (actor.getSnapshot().status === 'active') {
    actor.send({ type: 'router.stop' });
    await until(actor, () => false);
  }
  // Whatever failed on the way: what is left is handed back.
  supervisor.stop();
  await whenRefused(standing, services.clock);
  const unstoredLetters = (await stored?.finish(startedAt + deadlineMs)) ?? [];
  const views = [...sources.all.values()].map(({ view }) => view);
  const end = { startedAt, now: services.clock.now(), deadlineMs, unstoredLetters };
  return drainReport(finish(), views, feeds.stop(), end);
}
