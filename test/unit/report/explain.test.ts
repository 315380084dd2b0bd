import { describe, expect, it } from 'vitest';
import { channelMachine } from '../../../machines/channel.ts';
import { routerMachine } from '../../../machines/router.ts';
import { errorText } from '../../../src/core/error-text.ts';
import { causeInWords } from '../../../src/facts/chart-words.ts';
import { createRouter, type DataChannelRouter } from '../../../src/index.ts';
import { statesOf, transitionsOf } from '../../../src/inspector/mermaid.ts';
import { Gates } from '../../../src/testing/gates.ts';
import { createSimulatedClock, type SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { Blank } from '../../support/model-channel.ts';

interface Scene {
  readonly clock: SimulatedClock;
  readonly router: DataChannelRouter;
  readonly gates: Gates;
  send(count: number): void;
  /** The call that is out fails. */
  fail(): Promise<void>;
  drain(): void;
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
    drain() {
      router.stop({ deadlineMs: 3_000 }).catch(() => {});
    },
  };
}

/** A scene that begins warm, or with a batch in flight, or with an open breaker; and what happens then. */
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

function tripped(act: (scene: Scene) => unknown = () => {}): Promise<Scene> {
  return flushing(1, async (scene) => {
    for (let failures = 1; failures <= 3; failures += 1) {
      if (failures > 1) await scene.clock.advance(2_000);
      await scene.fail();
    }
    await act(scene);
  });
}

/** What an engineer on call reads in each state. */
const scenes: readonly {
  state: string;
  drive(): Scene | Promise<Scene>;
  sentence: string;
  endsBy: string;
  endsInMs?: number;
}[] = [
  {
    state: 'new',
    drive: () => createScene(),
    sentence:
      'bars has been waiting to start for 0 ms (the router has not started). It starts with the router. 0 waiting, 0 in flight.',
    endsBy: 'the start of the router',
  },
  {
    state: 'warming',
    async drive() {
      const scene = createScene();
      scene.router.start().catch(() => {});
      scene.send(2);
      await scene.clock.advance(1_500);
      return scene;
    },
    sentence:
      'bars has been warming up for 1.5 s (it was started). It fails unless warmUp is done within 8.5 s. 2 waiting (the oldest for 1.5 s), 0 in flight.',
    endsBy: 'warmUp',
    endsInMs: 8_500,
  },
  {
    state: 'idle',
    drive: () => warm(({ clock }) => clock.advance(180_000)),
    sentence: 'bars has been idle for 3 min (warmUp finished). It waits for the next message. 0 waiting, 0 in flight.',
    endsBy: 'the next message',
  },
  {
    state: 'buffering',
    drive: () => warm(({ clock, send }) => [send(1), clock.advance(40)][1]),
    sentence:
      'bars has been buffering for 40 ms (a message arrived). The batch goes out as soon as it is full, or in 60 ms at the latest. 1 waiting, 0 in flight.',
    endsBy: 'a full batch or its age',
    endsInMs: 60,
  },
  {
    state: 'flushing',
    drive: () => flushing(12, ({ clock }) => clock.advance(8_000)),
    sentence:
      'bars has been flushing for 8.1 s (a batch was full). It goes idle when traffic pauses. 2 waiting (the oldest for 8.1 s), 10 in flight (for 8.1 s).',
    endsBy: 'a pause in traffic',
  },
  {
    state: 'flushing',
    drive: () => flushing(12, ({ clock }) => clock.advance(12_000)),
    sentence:
      'bars has been flushing for 12.1 s (a batch was full). Nothing is delivered while the call of process, which is overdue, does not settle; it is given up in 2.9 s. 2 waiting (the oldest for 12.1 s), 10 in flight (for 12.1 s).',
    endsBy: 'the call of process',
    endsInMs: 2_900,
  },
  {
    state: 'retrying',
    drive: () => flushing(1, ({ fail }) => fail()),
    sentence:
      'bars has been retrying for 0 ms (a batch failed: the warehouse is down). The next attempt is in 50 ms. 1 waiting, 0 in flight.',
    endsBy: 'the next attempt',
    endsInMs: 50,
  },
  {
    state: 'isolating',
    drive: () => flushing(2, ({ fail }) => fail()),
    sentence:
      'bars has been isolating poison messages for 0 ms (a batch failed: the warehouse is down). Normal delivery resumes once they are found. 1 waiting, 1 in flight.',
    endsBy: 'finding the poison messages',
  },
  {
    state: 'tripped',
    drive: () => tripped(),
    sentence:
      'bars has been tripped for 0 ms (the breaker opened: of the last 3 calls 100% failed; last error: the warehouse is down). The first probe is in 3.8 s. 1 waiting (the oldest for 4.1 s), 0 in flight.',
    endsBy: 'the first probe',
    endsInMs: 3_750,
  },
  {
    state: 'tripped',
    drive: () => warm(({ router }) => router.trip('bars', { coolDownMs: Number.POSITIVE_INFINITY })),
    sentence:
      'bars has been tripped for 0 ms (the breaker opened). The breaker stays open until an operator resets it. 0 waiting, 0 in flight.',
    endsBy: 'reset by hand',
  },
  {
    state: 'probing',
    drive: () => tripped(({ clock }) => clock.advance(4_000)),
    sentence:
      'bars has been probing the sink for 250 ms (the cool-down ended). The breaker closes after enough successful probes; one failed probe opens it again. 0 waiting, 1 in flight.',
    endsBy: 'its probes',
  },
  {
    state: 'paused',
    drive: () =>
      flushing(1, ({ router, send, clock }) => {
        router.pause('bars');
        send(4);
        return clock.advance(5_000);
      }),
    sentence:
      'bars has been paused for 5.0 s (an operator paused it). It stays paused until an operator resumes it. 4 waiting (the oldest for 5.0 s), 1 in flight (for 5.0 s).',
    endsBy: 'resume by hand',
  },
  {
    state: 'draining',
    drive: () =>
      flushing(12, ({ drain, clock }) => {
        drain();
        return clock.advance(500);
      }),
    sentence:
      'bars has been draining for 500 ms (the channel is being stopped). The drain ends within 2.5 s. 2 waiting, 10 in flight.',
    endsBy: 'the end of the drain',
    endsInMs: 2_500,
  },
  {
    state: 'draining',
    drive: () =>
      tripped(({ drain, clock }) => {
        drain();
        return clock.advance(500);
      }),
    sentence:
      'bars has been draining for 500 ms (the channel is being stopped). The drain ends within 2.5 s. 0 waiting, 1 in flight.',
    endsBy: 'the end of the drain',
    endsInMs: 2_500,
  },
  {
    state: 'closing',
    drive: () => warm(({ drain }) => drain()),
    sentence:
      'bars has been closing for 0 ms (no more batches were due). It stops once close is done, within 3.0 s. 0 waiting, 0 in flight.',
    endsBy: 'close',
    endsInMs: 3_000,
  },
  {
    state: 'stopped',
    drive: () =>
      warm(({ drain, clock }) => {
        drain();
        return clock.advance(5_000);
      }),
    sentence: 'bars has been stopped for 2.0 s (close took too long). It does not start again. 0 waiting, 0 in flight.',
    endsBy: 'nothing',
  },
  {
    state: 'failed',
    drive: () => flushing(1, ({ clock }) => clock.advance(15_000)),
    sentence:
      "bars failed 0 ms ago (a call of process did not settle: process of channel 'bars' did not settle within 10000 ms). It restarts in 100 ms. 1 waiting (the oldest for 15.1 s), 0 in flight.",
    endsBy: 'its restart',
    endsInMs: 100,
  },
  {
    state: 'failed',
    async drive() {
      const scene = createScene();
      scene.router.start().catch(() => {});
      for (let failures = 0; failures < 2; failures += 1) {
        await scene.clock.advance(100);
        scene.gates.at('warmUp')?.fail(sinkDown);
        await scene.clock.settle();
      }
      return scene;
    },
    sentence:
      'bars failed 0 ms ago (warmUp failed: the warehouse is down). It failed too often and is not restarted; an operator can restart it. 0 waiting, 0 in flight.',
    endsBy: 'restart by hand',
  },
];

describe('R5.4 explain', () => {
  it.each(scenes)('says what is the matter when a channel is $state', async ({ drive, ...expected }) => {
    const { router } = await drive();
    const explanation = router.explain('bars');
    expect(explanation).toMatchObject({ endsInMs: null, ...expected });
    // The probes, the explanation and the alerts come from the same state, so they cannot contradict each other.
    const health = router.health().channels.bars;
    expect(health).toMatchObject({ state: expected.state, sinceMs: explanation.sinceMs });
    const alerts = router.alerts.map(({ text }) => text).join('; ');
    const isOrdinary = expected.state === 'flushing' && alerts !== '';
    if (isOrdinary) expect(health).toMatchObject({ status: 'degraded', reason: alerts });
    else expect(expected.sentence).toContain(` (${health?.reason}). `);
  });

  it('is tested in every state of the chart', () => {
    const states = statesOf(channelMachine.root).flatMap(({ path: [outer, inner] }) =>
      outer === 'ready' ? inner : outer,
    );
    const named = states.filter((state) => state !== undefined);
    expect(new Set(scenes.map(({ state }) => state))).toEqual(new Set(['new', ...named]));
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

  it.each([
    ['an error', new Error('broken'), 'broken'],
    ['a string', 'broken', 'broken'],
    ['nothing', undefined, 'undefined'],
    ['an object without a prototype', Object.create(null), '{}'],
    [
      'an object that throws when it is read',
      {
        get message() {
          throw new Error('trap');
        },
      },
      'an error that cannot be read',
    ],
  ])('reads %s, whatever was thrown', (_name, thrown, text) => {
    expect(errorText(thrown)).toBe(text);
  });
});
