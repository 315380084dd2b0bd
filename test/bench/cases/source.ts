import { createSystemClock } from '../../../src/adapters/system-clock.ts';
import { memorySource } from '../../../src/testing/memory-source.ts';
import type { Entrant } from '../case.ts';
import { seenBy, verdictOf } from '../check.ts';
import { nextTurn } from '../contestant.ts';
import { lanesAsChannels, loadBuild } from '../contestants/sluice.ts';
import { type Message, MIX_PERIOD, mixedType } from '../message.ts';
import { ownTime, peakMb } from '../own-process.ts';
import { poolOf, SLICE } from '../supply.ts';
import { asyncProcess, checksOf, lanesOf } from '../workload.ts';

/** Messages in a frame of the source. */
const PER_FRAME = 100;
/** How many messages are measured at a time. */
const MESSAGES = 100 * MIX_PERIOD;
const LANE = { batchSize: 100, timeoutMs: 100, capacity: SLICE };

/**
 * S1: the same messages by `route`, a slice and then a turn of the event loop, or from a source in memory that has them all
 * as frames, and is told what is settled.
 */
export async function openFromSource(contestant: string): Promise<Entrant> {
  const supply = poolOf(MIX_PERIOD, mixedType);
  const slices = Array.from({ length: MIX_PERIOD / SLICE }, () => supply.next());
  const checks = checksOf(supply);
  const lanes = lanesOf(checks, asyncProcess, { T: LANE, AM: LANE, FMV: LANE });
  const { fill, route, close } = await openRouter(contestant, lanes);
  let given = 0;
  return {
    async measure() {
      for (let count = 0; count < MESSAGES; count += MIX_PERIOD) for (const slice of slices) fill(slice);
      // What was left by filling the source is not collected while time is taken.
      globalThis.gc?.();
      const startedAt = ownTime();
      for (let count = 0; count < MESSAGES; count += MIX_PERIOD) for (const slice of slices) await route(slice);
      given += MESSAGES;
      while (seenBy(checks) < given) await nextTurn();
      return { 'messages/s': (MESSAGES / (ownTime() - startedAt)) * 1_000, 'peak MB': peakMb() };
    },
    async finish() {
      await close(given / PER_FRAME);
      const verdict = verdictOf(checks, given);
      if (verdict !== undefined) throw new Error(verdict);
    },
  };
}

async function openRouter(contestant: string, lanes: ReturnType<typeof lanesOf>) {
  const build = await loadBuild(undefined);
  const source = memorySource({ clock: createSystemClock() });
  const isRead = contestant === 'sluice';
  const router = build.createRouter({
    ...lanesAsChannels(build, lanes),
    ...(isRead && { sources: { memory: source } }),
  });
  await router.start();
  return {
    /** Before time is taken: a source has the bytes of its frames already. */
    fill(slice: readonly Message[]): void {
      if (!isRead) return;
      for (let at = 0; at < SLICE; at += PER_FRAME) source.append(slice.slice(at, at + PER_FRAME));
    },
    async route(slice: readonly Message[]): Promise<void> {
      if (isRead) return;
      for (const message of slice) while (router.route(message).status !== 'accepted') await nextTurn();
      await nextTurn();
    },
    async close(frames: number): Promise<void> {
      await router.stop({ deadlineMs: 1_000 });
      if (isRead && source.committed() !== frames) throw new Error(`${source.committed()} of ${frames} were committed`);
    },
  };
}
