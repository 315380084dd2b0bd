import type { Sample } from '../case.ts';
import { Check, seenBy, verdictOf } from '../check.ts';
import { type Intake, type LaneSpec, nextTurn } from '../contestant.ts';
import { channelsOf, loadBuild } from '../contestants/sluice.ts';
import { loadPeer } from '../contestants.ts';
import type { Message, MessageType } from '../message.ts';
import { ownTime, peakMb } from '../own-process.ts';

const CHANNELS = 10_000;
const EACH = 100;
/** Messages between two turns of the event loop. */
const PER_TURN = 1_000;

/** W10: a million messages, one to each of ten thousand channels in turn. */
export async function runDealt(contestant: string, against?: string): Promise<Sample> {
  // Each channel has a type of its own.
  const types = Array.from({ length: CHANNELS }, (_, n) => `c${n}` as MessageType);
  const checks = types.map((type) => new Check(type, EACH));
  let calls = 0;
  const lanes = checks.map((check): LaneSpec => {
    const process = async (batch: readonly Message[]): Promise<void> => {
      calls += 1;
      check.see(batch);
    };
    return { type: check.type, priority: 2, batchSize: 100, timeoutMs: 100, capacity: 10_000, process };
  });
  const intake = contestant.startsWith('sluice')
    ? await openRouter(lanes, contestant === 'sluice' ? undefined : against)
    : await (await loadPeer(contestant))(lanes);
  const startedAt = ownTime();
  for (let n = 0; n < EACH; n++) {
    for (const [place, ev] of types.entries()) {
      if (!intake.push({ ev, sym: 'S', p: 100, s: 100, n })) throw new Error(`${ev} took no message`);
      if (place % PER_TURN === 0) await nextTurn();
    }
  }
  while (seenBy(checks) < CHANNELS * EACH) await nextTurn();
  const seconds = (ownTime() - startedAt) / 1_000;
  await intake.close();
  const mistake = verdictOf(checks, CHANNELS * EACH);
  if (mistake !== undefined) throw new Error(mistake);
  return { seconds, calls, 'peak MB': peakMb() };
}

/** The caller names the channel of each message. */
async function openRouter(lanes: readonly LaneSpec[], against: string | undefined): Promise<Intake> {
  const channels = lanes.map(({ type, ...lane }) => ({ name: type, ...lane }));
  const router = (await loadBuild(against)).createRouter(channelsOf(await loadBuild(against), channels));
  await router.start();
  const routes = new Map(lanes.map(({ type }) => [type, { dataType: type }]));
  return {
    push: (message) => router.route(message, routes.get(message.ev)).status === 'accepted',
    room: nextTurn,
    async close() {
      await router.stop({ deadlineMs: 1_000 });
    },
  };
}
