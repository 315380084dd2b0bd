import { fail, failOnly, hang, type Reaction, reject, slow } from '../../../src/testing/index.ts';
import { channelConfig, type FailingWorld } from './failing-world.ts';

const notRetryable = Object.assign(new Error('malformed'), { retryable: false });
const busy = Object.assign(new Error('busy'), { retryAfterMs: 150 });

/** Everything that can go wrong, and everything an operator may do about it. The sink's faults also meet a call in flight. */
export const faults: Readonly<Record<string, (world: FailingWorld) => void>> = {
  throws: (world) => meets(world, fail(), () => world.call.fail()),
  rejects: (world) => meets(world, reject(), () => world.call.fail()),
  hangs: (world) => meets(world, hang(), () => {}),
  'is slow': (world) => meets(world, slow(270), () => world.rig.clock.setTimeout(() => world.call.succeed(), 270)),
  'context.fail': (world) =>
    meets(world, failOnly(0), () => {
      world.sink.calls.at(-1)?.context.fail(0, new Error('one'));
      world.call.succeed();
    }),
  'not retryable': (world) => meets(world, reject(notRetryable), () => world.call.fail(notRetryable)),
  retryAfterMs: (world) => meets(world, reject(busy), () => world.call.fail(busy)),
  crash: (world) => {
    if (world.state.startsWith('failed') || world.state === 'stopped') world.plan.stillborn = 1;
    else world.crash();
  },
  restart: ({ rig }) => rig.router.restart('ohlcv'),
  trip: ({ rig }) => rig.router.trip('ohlcv'),
  reset: ({ rig }) => rig.router.reset('ohlcv'),
  pause: ({ rig }) => rig.router.pause('ohlcv'),
  resume: ({ rig }) => rig.router.resume('ohlcv'),
  flush: ({ rig }) => rig.router.flush('ohlcv'),
  'reload live': (world) => reload(world, { priority: 1 }),
  'reload next-batch': (world) => reload(world, { batchSize: 3 }),
  'reload restart': (world) => reload(world, { partitions: 2 }),
  'reload invalid': (world) => reload(world, { batchSize: 0 }),
  'listener throws': ({ rig }) =>
    rig.router.events.on('*', () => {
      throw new Error('a listener of the host');
    }),
  'mailbox full': (world) => world.route(60),
  stop: (world) => world.watch(world.rig.router.stop({ deadlineMs: 300 })),
  // `createRouter` makes it the root of its system, which may be stopped from outside.
  'host halts': ({ rig }) => (rig.router.actor as unknown as { stop(): void }).stop(),
};

/** The next call meets the fault, and so does the one in flight. Messages come, so that there is a next one. */
function meets(world: FailingWorld, reaction: Reaction, meetInFlight: () => unknown): void {
  const { isInFlight } = world;
  world.sink.script.push(reaction);
  if (isInFlight) meetInFlight();
  world.route(4);
}

function reload(world: FailingWorld, change: object): void {
  world.watch(world.rig.router.reconfigure({ channels: { ohlcv: { ...channelConfig, ...change } } }));
}
