import { describe, expect, it } from 'vitest';
import { channelMachine } from '../../../machines/channel.ts';
import { routerMachine } from '../../../machines/router.ts';
import { causeInWords } from '../../../src/facts/chart-words.ts';
import { createRouter, type DataChannelRouter } from '../../../src/index.ts';
import { statesOf, transitionsOf } from '../../../src/inspector/mermaid.ts';
import { Gates } from '../../../src/testing/gates.ts';
import { createSimulatedClock, type SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { Blank } from '../../support/model-channel.ts';
import { states, worldIn } from '../failures/failing-states.ts';

interface Scene {
  readonly clock: SimulatedClock;
  readonly router: DataChannelRouter;
  readonly gates: Gates;
  send(count: number): void;
  /** The call that is out fails. */
  fail(): Promise<void>;
}

const sinkDown = new Error('the warehouse is down');

function createScene(partitions = 1): Scene {
  const clock = createSimulatedClock();
  const gates = new Gates();
  const bars = {
    ...{ priority: 2, batchSize: 10, timeoutMs: 100, partitions, partitionBy: 'round-robin' },
    ...{ retry: { attempts: 1 }, breaker: { minimumCalls: 3, window: { count: 3 } }, restart: { limit: 1 } },
  };
  const router = createRouter({
    channels: { bars: () => gates.around(new Blank()) },
    config: { channels: { bars } },
    clock,
    random: () => 0.5,
  });
  return {
    clock,
    router,
    gates,
    send(count) {
      for (let n = 0; n < count; n += 1) router.route({ sym: 'A', n }, { dataType: 'bars' });
    },
    fail() {
      gates.at('process')?.fail(sinkDown);
      return clock.settle();
    },
  };
}

/** A scene that begins warm, or with a batch in flight; and what happens then. */
async function warm(act: (scene: Scene) => unknown = () => {}): Promise<Scene> {
  const scene = createScene();
  scene.router.start().catch(() => {});
  await scene.clock.settle();
  scene.gates.at('warmUp')?.open();
  await scene.clock.settle();
  await act(scene);
  await scene.clock.settle();
  return scene;
}

function flushing(count: number, act: (scene: Scene) => unknown): Promise<Scene> {
  return warm(async (scene) => {
    scene.send(count);
    await scene.clock.advance(100);
    await act(scene);
  });
}

/** What an engineer on call reads of each state: since when and why, what happens next, what waits; and what ends it. */
const sentences: Readonly<Record<string, readonly [sentence: string, endsBy: string]>> = {
  warming: [
    'has been warming up for 0 ms (it was started). It fails unless warmUp is done within 500 ms. 6 waiting, 0 in flight.',
    'warmUp',
  ],
  idle: [
    'has been idle for 0 ms (warmUp finished). It waits for the next message. 0 waiting, 0 in flight.',
    'the next message',
  ],
  buffering: [
    'has been buffering for 0 ms (a message arrived). The batch goes out as soon as it is full, or in 50 ms at the latest. 2 waiting, 0 in flight.',
    'a full batch or its age',
  ],
  flushing: [
    'has been flushing for 1 ms (a batch was full). It goes idle when traffic pauses. 2 waiting, 4 in flight.',
    'a pause in traffic',
  ],
  retrying: [
    'has been retrying for 1 ms (a batch failed: the script says so). The next attempt is in 99 ms. 6 waiting, 0 in flight.',
    'the next attempt',
  ],
  isolating: [
    'has been isolating poison messages for 86 ms (a batch failed: the script says so). Normal delivery resumes once they are found. 4 waiting, 2 in flight.',
    'finding the poison messages',
  ],
  tripped: [
    'has been tripped for 0 ms (the breaker opened). The next probe is in 163 ms. 6 waiting, 4 in flight.',
    'the next probe',
  ],
  probing: [
    'has been probing the sink for 37 ms (the cool-down ended). The breaker closes after enough successful probes; one failed probe opens it again. 2 waiting, 4 in flight.',
    'its probes',
  ],
  paused: [
    'has been paused for 0 ms (an operator paused it). It stays paused until an operator resumes it. 6 waiting, 4 in flight.',
    'resume by hand',
  ],
  draining: [
    'has been draining for 0 ms (the channel is being stopped). The drain ends within 2.0 s. 6 waiting, 4 in flight. A batch waits for its turn; with weight 0.5 its turns have taken 0 ms.',
    'the end of the drain',
  ],
  'draining, waiting': [
    'has been draining for 0 ms (the channel is being stopped; last error: the script says so). The drain ends within 2.0 s. 6 waiting, 0 in flight. A batch waits for its turn; with weight 0.5 its turns have taken 0 ms.',
    'the end of the drain',
  ],
  closing: [
    'has been closing for 1 ms (no more batches were due). It stops once close is done, within 2.0 s. 0 waiting, 0 in flight.',
    'close',
  ],
  stopped: ['has been stopped for 1 ms (close finished). It does not start again. 0 waiting, 0 in flight.', 'nothing'],
  failed: [
    'failed 0 ms ago (its statechart crashed: planted). It restarts in 100 ms. 6 waiting, 0 in flight.',
    'its restart',
  ],
  'failed, given up': [
    'failed 101 ms ago (its statechart crashed: planted). It failed too often and is not restarted; an operator can restart it. 6 waiting, 0 in flight.',
    'restart by hand',
  ],
};

describe('R5.4 explain', () => {
  it.each(Object.keys(states))('says what is the matter when a channel is %s', async (state) => {
    const { rig } = await worldIn(state);
    const explanation = rig.router.explain('ohlcv');
    const [sentence = '', endsBy] = sentences[state] ?? [];
    expect(explanation).toMatchObject({ sentence: `ohlcv ${sentence}`, endsBy });
    // The probes and the explanation come from the same state, so they cannot contradict each other.
    const health = rig.router.health().channels.ohlcv;
    expect(health).toMatchObject({ state: rig.metrics('ohlcv').state, sinceMs: explanation.sinceMs });
    expect(sentence).toContain(` (${health?.reason}). `);
  });

  it('says that a channel is new until the router starts', () => {
    expect(createScene().router.explain('bars')).toMatchObject({
      sentence:
        'bars has been waiting to start for 0 ms (the router has not started). It starts with the router. 0 waiting, 0 in flight.',
      endsBy: 'the start of the router',
    });
  });

  it('says of a call that is overdue what it holds up, and until when', async () => {
    const { router } = await flushing(12, ({ clock }) => clock.advance(12_000));
    expect(router.explain('bars')).toMatchObject({
      sentence:
        'bars has been flushing for 12.1 s (a batch was full). Nothing is delivered while the call of process, which is overdue, does not settle; it is given up in 2.9 s. 2 waiting (the oldest for 12.1 s), 10 in flight (for 12.1 s).',
      endsBy: 'the call of process',
      endsInMs: 2_900,
    });
    const reason = router.alerts.map(({ text }) => text).join('; ');
    expect(router.health().channels.bars).toMatchObject({ status: 'degraded', reason });
  });

  it('says in the midst of traffic when the next batch goes out', async () => {
    const { router } = await warm(async ({ clock, gates, send }) => {
      send(12);
      await clock.advance(1);
      gates.at('process')?.open();
    });
    expect(router.explain('bars').sentence).toBe(
      'bars has been flushing for 1 ms (a batch was full). It goes idle when traffic pauses. 2 waiting, 0 in flight. The next batch goes out as soon as it is full, or in 99 ms at the latest.',
    );
  });

  it('says why a breaker opened, or that an operator holds it open', async () => {
    const { router } = await flushing(1, async (scene) => {
      for (let failures = 1; failures <= 3; failures += 1) {
        if (failures > 1) await scene.clock.advance(2_000);
        await scene.fail();
      }
    });
    expect(router.explain('bars').sentence).toBe(
      'bars has been tripped for 0 ms (the breaker opened: of the last 3 calls 100 % failed; last error: the warehouse is down). The next probe is in 3.8 s. 1 waiting (the oldest for 4.1 s), 0 in flight.',
    );
    router.trip('bars', { coolDownMs: Number.POSITIVE_INFINITY });
    expect(router.explain('bars')).toMatchObject({
      sentence: expect.stringContaining('The breaker stays open until an operator resets it.'),
      endsBy: 'reset by hand',
      endsInMs: null,
    });
  });

  it.each([
    ['paused', 'an operator paused it', ({ router }: Scene) => router.pause('bars')],
    ['tripped', 'the breaker is still open', ({ router }: Scene) => router.trip('bars', { coolDownMs: 60_000 })],
  ] as const)(
    'names what holds a channel that was restarted while it was %s, and not the end of warmUp',
    async (state, reason, hold) => {
      const scene = await warm(hold);
      scene.router.restart('bars');
      await scene.clock.advance(100);
      scene.gates.at('warmUp')?.open();
      await scene.clock.settle();
      expect(scene.router.explain('bars')).toMatchObject({ state, cause: reason });
      expect(scene.router.health().channels.bars).toMatchObject({ state, reason });
    },
  );

  it('of a backoff that is not over says so after a pause, with what failed last', async () => {
    const { router, clock } = await flushing(1, async (scene) => {
      await scene.fail();
      scene.router.pause('bars');
      scene.router.resume('bars');
    });
    await clock.settle();
    expect(router.explain('bars').sentence).toBe(
      'bars has been retrying for 0 ms (the next attempt is not due yet; last error: the warehouse is down). The next attempt is in 50 ms. 1 waiting, 0 in flight.',
    );
  });

  it('speaks of the worst of several partitions, and counts the messages of all', async () => {
    const scene = createScene(3);
    scene.router.start().catch(() => {});
    await scene.clock.settle();
    scene.send(4);
    expect(scene.router.explain('bars').sentence).toBe(
      'bars/0 (worst of 3 partitions) has been warming up for 0 ms (it was started). It fails unless warmUp is done within 10.0 s. 4 waiting, 0 in flight.',
    );
  });

  it('has words for every cause that a chart can note', () => {
    const causes = [channelMachine, routerMachine].flatMap(({ root }) =>
      statesOf(root).flatMap((state) => transitionsOf(state).map(({ eventType }) => eventType)),
    );
    const silent = causes.filter((cause) => cause !== '' && causeInWords(cause) === cause);
    expect(silent).toEqual([]);
    expect(causes.length).toBeGreaterThan(40);
  });
});
