import { whenRefused } from '../channel/late-refusals.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { beginReport, type DrainReport, drainReport } from '../report/drain-report.ts';
import type { RouterParts } from './parts.ts';
import type { Reloads } from './reload.ts';
import { type RouterActor, until } from './router-actor.ts';
import { deadlineOf, type StopOptions } from './stop-options.ts';

/** The end of a router: it is stopped once, and everybody who asks for that gets the same report. */
export class Shutdown {
  readonly #parts: RouterParts;
  readonly #actor: RouterActor;
  readonly #reloads: Reloads;
  #report: Promise<DrainReport> | undefined;

  constructor(parts: RouterParts, actor: RouterActor, reloads: Reloads) {
    this.#parts = parts;
    this.#actor = actor;
    this.#reloads = reloads;
  }

  /** Throws `SluiceError` `not-running` if somebody has asked for it. */
  assertNone(): void {
    if (this.#report !== undefined)
      throw new SluiceError('not-running', 'a router that was stopped cannot start again');
  }

  stop(options: StopOptions): Promise<DrainReport> {
    const deadlineMs = deadlineOf('stop', options);
    this.#reloads.unwatch();
    this.#report ??= this.#parts.services.bus.changes.order(() => stopRouter(this.#parts, this.#actor, deadlineMs));
    return this.#report;
  }
}

/** Stops intake, drains all channels under one deadline, and ends the router's actor. */
async function stopRouter(
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
