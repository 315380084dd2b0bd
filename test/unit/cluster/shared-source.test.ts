import { expect, it } from 'vitest';
import type { Source } from '../../../src/core/source-port.ts';
import { createRouter, defineChannel } from '../../../src/index.ts';
import { prometheusText } from '../../../src/metrics/index.ts';
import type { SimulatedClock } from '../../../src/testing/index.ts';
import { createSimulatedClock, createTestRouter, memoryBroker, messages } from '../../../src/testing/index.ts';

/** A router whose source shares its partitions with another member. */
async function shared() {
  const clock = createSimulatedClock();
  const broker = memoryBroker({ clock, partitions: 2 });
  const other = broker.join({ member: 'host-b' });
  await other.source.start({ assigned: () => {}, revoke: async (stay) => void (await stay.release(undefined, 1_000)) });
  const member = broker.join({ member: 'host-a' });
  const { source } = member;
  const rig = await createTestRouter({
    clock,
    sinks: { tick: {} },
    deadLetters: { store: 'memory' },
    sources: { ticks: { source } },
  });
  await rig.advance(10_000);
  for (const partition of [0, 1]) broker.append(messages('tick', 3), partition);
  await rig.advance(10_000);
  const theirs = source.partitions().findIndex(({ owner }) => owner?.startsWith('host-b') === true);
  return { broker, member, rig, ours: 1 - theirs, theirs };
}

it('a partition that another member has is explained: who has it since when, its last commit, what is behind it', async () => {
  const { rig, ours, theirs } = await shared();
  expect(rig.router.explain(`ticks/${theirs}`)).toMatchObject({
    state: 'standby',
    channel: `ticks/${theirs}`,
    waiting: 1,
  });
  expect(rig.router.explain(`ticks/${theirs}`).sentence).toMatch(
    new RegExp(
      `^partition ${theirs} of memory: standby; owned by host-b since \\d+ s; its last commit .* s ago. 1 frame`,
    ),
  );
  expect(rig.router.explain(`ticks/${ours}`)).toMatchObject({
    state: 'running',
    cause: 'its checkpoint was compared with the log',
    waiting: 0,
  });
  expect(() => rig.router.explain('ticks/7')).toThrow("no channel 'ticks/7'");
  await rig.stop();
});

it('metrics tell the members, the partitions that nobody has, and the lag of those that this one has', async () => {
  const { rig, ours, theirs } = await shared();
  const text = prometheusText(rig.router);
  expect(text).toContain('sluice_source_members{source="ticks"} 2\n');
  expect(text).toContain('sluice_source_partitions_unowned{source="ticks"} 0\n');
  expect(text).toContain(`sluice_source_partition_lag{source="ticks",partition="${ours}"} 0\n`);
  expect(text).toMatch(
    new RegExp(`sluice_source_partition_commit_age_seconds{source="ticks",partition="${ours}"} \\d`),
  );
  expect(text).not.toContain(`partition="${theirs}"`);
  await rig.stop();
});

it('a broker that is away and a log that went back are alerts of the router, and its health is degraded by them', async () => {
  const { broker, member, rig, ours } = await shared();
  const alerts = () => rig.router.alerts.map(({ alert, source, text }) => `${alert} of ${source}: ${text}`).join();
  member.cut(true);
  await rig.advance(10_000);
  expect(alerts()).toMatch(/^source-unreachable of ticks: the broker of memory cannot be used: /);
  expect(rig.router.health().sources.ticks).toMatchObject({ status: 'degraded', state: 'reading' });
  expect(rig.router.health().sources.ticks?.reason).toMatch(/^the broker of memory cannot be used/);
  member.cut(false);
  await rig.advance(20_000);
  expect(alerts()).toBe('');
  const why =
    /^partition \d of memory was lost to host-b: the broker has not confirmed its lease for 1\d s: the connection/;
  expect(rig.facts('stay.ended')).toMatchObject([{ how: 'lost', why: expect.stringMatching(why) }]);
  broker.goBack(0, ours);
  broker.append(messages('tick', 1), ours);
  member.cut(true);
  await rig.advance(1_000);
  member.cut(false);
  await rig.advance(20_000);
  expect(alerts()).toMatch(
    /^source-halted of ticks: partition \d of memory: halted; .*; position \d has another frame/,
  );
  expect(rig.router.health().sources.ticks?.status).toBe('degraded');
  await rig.stop();
});

/** What a router is made of whose only source is this one. */
const around = (clock: SimulatedClock, source: Source) => {
  return { clock, deadLetters: { store: 'memory' as const }, sources: { ticks: { source } } };
};

it('a broker that is not there at the start is an alert from the second attempt on, and partitions are explained by it', async () => {
  const clock = createSimulatedClock();
  const { source, cut } = memoryBroker({ clock }).join();
  cut(true);
  const channels = { tick: defineChannel({ process: () => {} }) };
  const router = createRouter({ ...around(clock, source), channels });
  expect(router.explain('ticks/0').sentence).toMatch(/^source ticks has been waiting to start for 0 ms/);
  await Promise.all([router.start(), clock.advance(30_000)]);
  expect(router.alerts).toMatchObject([{ alert: 'source-unreachable', source: 'ticks' }]);
  expect(router.explain('ticks/0').sentence).toMatch(/^source ticks has been waiting to be started again/);
  cut(false);
  await clock.advance(40_000);
  expect(router.alerts).toEqual([]);
  await Promise.all([router.stop(), clock.advance(10_000)]);
});

it.each(['troubles', 'cluster'])('a source whose %s throws has an alert, and the router goes on', async (broken) => {
  const clock = createSimulatedClock();
  const { source } = memoryBroker({ clock }).join();
  const own: Source = {
    start: (owner) => source.start(owner),
    close: (withinMs) => source.close(withinMs),
    [broken]: () => {
      throw new Error('ours');
    },
  };
  const rig = await createTestRouter({ ...around(clock, own), sinks: { tick: {} } });
  expect(rig.router.metrics().sources.ticks).toMatchObject({ partitions: 1 });
  await rig.advance(5_000);
  const text = 'the source cannot say how it is: ours';
  expect(rig.router.alerts).toMatchObject([{ alert: 'source-unreachable', text }]);
  await rig.stop();
});
