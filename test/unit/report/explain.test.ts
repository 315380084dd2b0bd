import { describe, expect, it } from 'vitest';
import { channelMachine } from '../../../machines/channel.ts';
import { routerMachine } from '../../../machines/router.ts';
import { errorText } from '../../../src/core/error-text.ts';
import { causeInWords } from '../../../src/facts/cause-words.ts';
import { createRouter, type DataChannelRouter } from '../../../src/index.ts';
import { statesOf, transitionsOf } from '../../../src/inspector/mermaid.ts';
import { createSimulatedClock, type SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { GatedChannel, type Gates } from '../../support/model-gates.ts';

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
  const gates: Gates = {};
  const bars = {
    ...{ priority: 2, batchSize: 10, timeoutMs: 100, partitions, partitionBy: 'round-robin' },
    ...{ retry: { attempts: 1 }, breaker: { minimumCalls: 3, window: { count: 3 } }, restart: { limit: 1 } },
  };
  const router = createRouter({
    channels: { bars: () => new GatedChannel(gates) },
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
      gates.process?.reject(sinkDown);
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
  scene.gates.warmUp?.resolve();
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
const scenes: readonly { state: string; drive(): Scene | Promise<Scene>; sentence: string }[] = [
  {
    state: 'new',
    drive: () => createScene(),
    sentence:
      'bars is new for 0 ms because the router was not started yet; ends with the start of the router; 0 waiting, 0 in flight.',
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
      'bars is warming for 1.5 s because it was started; ends with warmUp, or its deadline, in 8.5 s at the latest; 2 waiting (the oldest for 1.5 s), 0 in flight.',
  },
  {
    state: 'idle',
    drive: () => warm(({ clock }) => clock.advance(180_000)),
    sentence: 'bars is idle for 3 min because it is warm; ends with the next message; 0 waiting, 0 in flight.',
  },
  {
    state: 'buffering',
    drive: () => warm(({ clock, send }) => [send(1), clock.advance(40)][1]),
    sentence:
      'bars is buffering for 40 ms because a message came; ends with a full batch, or the age of the oldest message, in 60 ms at the latest; 1 waiting, 0 in flight.',
  },
  {
    state: 'flushing',
    drive: () => flushing(12, ({ clock }) => clock.advance(12_000)),
    sentence:
      'bars is flushing for 12.1 s because a batch was full; ends with a pause in the traffic; 2 waiting (the oldest for 12.1 s), 10 in flight (for 12.1 s).',
  },
  {
    state: 'retrying',
    drive: () => flushing(1, ({ fail }) => fail()),
    sentence:
      'bars is retrying for 0 ms because a batch failed (the warehouse is down); ends with the next attempt, in 50 ms at the latest; 1 waiting, 0 in flight.',
  },
  {
    state: 'isolating',
    drive: () => flushing(2, ({ fail }) => fail()),
    sentence:
      'bars is isolating for 0 ms because a batch failed (the warehouse is down); ends with finding the poison messages; 1 waiting, 1 in flight.',
  },
  {
    state: 'tripped',
    drive: () => tripped(),
    sentence:
      'bars is tripped for 0 ms because the breaker opened: of the last 3 calls 100% failed (the warehouse is down); ends with the first probe, in 3.8 s at the latest; 1 waiting (the oldest for 4.1 s), 0 in flight.',
  },
  {
    state: 'tripped',
    drive: () => warm(({ router }) => router.channels.get('bars')?.breaker?.trip(Number.POSITIVE_INFINITY)),
    sentence:
      'bars is tripped for 0 ms because the breaker opened; ends with reset by hand: the breaker is held open; 0 waiting, 0 in flight.',
  },
  {
    state: 'probing',
    drive: () => tripped(({ clock }) => clock.advance(4_000)),
    sentence:
      'bars is probing for 250 ms because the cool-down was over; ends with successful probes, or one that fails; 0 waiting, 1 in flight.',
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
      'bars is paused for 5.0 s because an operator paused it; ends with resume by hand; 4 waiting (the oldest for 5.0 s), 1 in flight (for 5.0 s).',
  },
  {
    state: 'draining',
    drive: () =>
      flushing(12, ({ drain, clock }) => {
        drain();
        return clock.advance(500);
      }),
    sentence:
      'bars is draining for 500 ms because it was told to drain; ends with the end of the drain, in 2.5 s at the latest; 2 waiting, 10 in flight.',
  },
  {
    state: 'draining',
    drive: () => tripped(({ drain }) => drain()),
    sentence:
      'bars is draining for 0 ms because it was told to drain (the warehouse is down); ends with the end of the drain, in 3.0 s at the latest; 1 waiting (the oldest for 4.1 s), 0 in flight.',
  },
  {
    state: 'closing',
    drive: () => warm(({ drain }) => drain()),
    sentence:
      'bars is closing for 0 ms because nothing was due any more; ends with close, or its deadline, in 3.0 s at the latest; 0 waiting, 0 in flight.',
  },
  {
    state: 'stopped',
    drive: () =>
      warm(({ drain, clock }) => {
        drain();
        return clock.advance(5_000);
      }),
    sentence:
      'bars is stopped for 2.0 s because close took too long; ends with nothing: it is over; 0 waiting, 0 in flight.',
  },
  {
    state: 'failed',
    drive: () => flushing(1, ({ clock }) => clock.advance(15_000)),
    sentence:
      "bars is failed for 0 ms because a call of process did not settle (process of channel 'bars' did not settle within 10000 ms); ends with its restart, in 100 ms at the latest; 1 waiting (the oldest for 15.1 s), 0 in flight.",
  },
  {
    state: 'failed',
    async drive() {
      const scene = createScene();
      scene.router.start().catch(() => {});
      for (let failures = 0; failures < 2; failures += 1) {
        await scene.clock.advance(100);
        scene.gates.warmUp?.reject(sinkDown);
        await scene.clock.settle();
      }
      return scene;
    },
    sentence:
      'bars is failed for 0 ms because warmUp failed (the warehouse is down); ends with restart by hand: it was given up; 0 waiting, 0 in flight.',
  },
];

describe('R5.4 explain', () => {
  it.each(scenes)('says what is the matter when a channel is $state', async ({ state, drive, sentence }) => {
    const { router } = await drive();
    const explanation = router.explain('bars');
    expect(explanation.sentence).toBe(sentence);
    expect(explanation.state).toBe(state);
    expect(sentence).toContain(`ends with ${explanation.endsBy}`);
    expect(explanation.endsInMs === null).toBe(!sentence.includes('at the latest'));
    // The probes and the explanation come from the same state, so they cannot contradict each other.
    const health = router.health().channels.bars;
    expect(health).toMatchObject({ state, sinceMs: explanation.sinceMs });
    expect(sentence).toContain(`because ${health?.reason};`);
  });

  it('is tested in every state of the chart', () => {
    const states = statesOf(channelMachine.root).flatMap(({ path: [outer, inner] }) =>
      outer === 'ready' ? inner : outer,
    );
    const named = states.filter((state) => state !== undefined);
    expect(new Set(scenes.map(({ state }) => state))).toEqual(new Set(['new', ...named]));
  });

  it('speaks of the worst of several partitions, and counts the messages of all', async () => {
    const scene = createScene(3);
    scene.router.start().catch(() => {});
    await scene.clock.settle();
    scene.send(4);
    expect(scene.router.explain('bars').sentence).toBe(
      'bars/0 (of 3 partitions the worst) is warming for 0 ms because it was started; ends with warmUp, or its deadline, in 10.0 s at the latest; 4 waiting, 0 in flight.',
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
    ['an object without a prototype', Object.create(null), 'an error that cannot be read'],
    [
      'an object that throws when it is read',
      {
        toString: () => {
          throw new Error('trap');
        },
      },
      'an error that cannot be read',
    ],
  ])('reads %s, whatever was thrown', (_name, thrown, text) => {
    expect(errorText(thrown)).toBe(text);
  });
});
