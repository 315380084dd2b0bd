import { fail, refuse } from '../../../src/testing/index.ts';
import { FailingWorld } from './failing-world.ts';

/** How a channel gets into each of its states, with messages that wait and, where there can be one, a call in flight. */
export const states: Readonly<Record<string, (world: FailingWorld) => Promise<void>>> = {
  warming: async (world) => {
    world.plan.holdsWarmUp = true;
    world.watch(world.rig.router.start());
    await world.rig.advance(0);
    world.route(6);
  },
  idle: (world) => start(world),
  buffering: async (world) => {
    await start(world);
    world.route(2);
  },
  flushing: (world) => startBusy(world, 6),
  retrying: async (world) => {
    await start(world);
    world.sink.script.push(refuse({ retryAfterMs: 100 }));
    world.route(6);
    await world.rig.advance(1);
  },
  isolating: async (world) => {
    await start(world);
    world.sink.script.push(fail(), fail(), fail());
    world.hold();
    world.route(6);
    await world.rig.advance(100);
  },
  tripped: async (world) => {
    await startBusy(world, 10);
    world.rig.router.trip('ohlcv');
  },
  probing: async (world) => {
    await start(world);
    world.rig.router.trip('ohlcv');
    world.hold();
    world.route(6);
    await world.rig.advance(200);
  },
  paused: async (world) => {
    await startBusy(world, 10);
    world.rig.router.pause('ohlcv');
  },
  draining: async (world) => {
    await startBusy(world, 10);
    world.watch(world.rig.router.stop({ deadlineMs: 2_000 }));
  },
  'draining, waiting': async (world) => {
    await start(world);
    world.sink.script.push(refuse({ retryAfterMs: 100 }));
    world.route(6);
    await world.rig.advance(1);
    world.watch(world.rig.router.stop({ deadlineMs: 2_000 }));
  },
  closing: async (world) => {
    await start(world);
    world.plan.holdsClose = true;
    world.route(3);
    world.watch(world.rig.router.stop({ deadlineMs: 2_000 }));
    await world.rig.advance(1);
  },
  stopped: async (world) => {
    await start(world);
    world.watch(world.rig.router.stop());
    await world.rig.advance(1);
  },
  failed: async (world) => {
    await startBusy(world, 6);
    world.crash();
  },
  'failed, given up': async (world) => {
    await start(world);
    for (let crashes = 0; crashes < 4; crashes += 1) {
      world.crash();
      await world.rig.advance(101);
    }
    world.route(6);
  },
};

async function start({ rig }: FailingWorld): Promise<void> {
  await rig.advanceUntil(rig.router.start());
}

/** With so many messages, some of them in a call that does not end. */
async function startBusy(world: FailingWorld, count: number): Promise<void> {
  await start(world);
  world.hold();
  world.route(count);
  await world.rig.advance(1);
}

/** A world whose channel is in that state. */
export async function worldIn(state: string): Promise<FailingWorld> {
  const world = await FailingWorld.create();
  await states[state]?.(world);
  return world;
}
