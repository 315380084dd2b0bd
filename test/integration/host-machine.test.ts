import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AnyActorRef, assign, createActor, type InspectionEvent, sendTo, setup } from 'xstate';
import { createHostMachine, runHost } from '../../docs/examples/host-machine.ts';
import { createRouter, createRouterLogic, defineChannel, type RouterOptions, routerOf } from '../../src/index.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';

const trade = { ev: 'T', sym: 'A', p: 1, t: 1 };
const bar = { ev: 'AM', sym: 'A', o: 1, h: 1, l: 1, c: 1, v: 1, s: 1, e: 2 };

const closed = vi.fn();

/** Settles or fails as a test says; what it was handed stays readable. */
function recorded(seen: unknown[], react: (seen: unknown[]) => void | Promise<void>) {
  const process = (batch: readonly unknown[]): void | Promise<void> => {
    seen.push(...batch);
    return react(seen);
  };
  return defineChannel({ process, close: () => closed() });
}

const succeed = (): void => {};
const hang = (): Promise<void> => new Promise(() => {});

function options(clock = createSimulatedClock(), react: (seen: unknown[]) => void | Promise<void> = succeed) {
  const seen: unknown[] = [];
  const channels = { tick: recorded(seen, react), ohlcv: recorded(seen, react) };
  return { clock, seen, options: { channels, clock, random: () => 0.5 } satisfies RouterOptions };
}

/** All actors of a system, and every state that each of them was in. */
function createWatch() {
  const actors = new Set<AnyActorRef>();
  const states = new Map<string, string[]>();
  let steps = 0;
  const inspect = (event: InspectionEvent): void => {
    if (event.type === '@xstate.actor') actors.add(event.actorRef as AnyActorRef);
    if (event.type === '@xstate.microstep') steps += 1;
    if (event.type !== '@xstate.snapshot' || !('value' in event.snapshot)) return;
    const id = (event.actorRef as AnyActorRef).id;
    const value = JSON.stringify(event.snapshot.value);
    const known = states.get(id) ?? [];
    if (known.at(-1) !== value) states.set(id, [...known, value]);
  };
  return {
    inspect,
    states,
    get started() {
      return [...actors].map(({ id }) => id);
    },
    get alive() {
      return [...actors].filter((actor) => actor.getSnapshot().status === 'active').map(({ id }) => id);
    },
    /** How many transitions follow when each actor that ever lived is sent everything. */
    poke() {
      const before = steps;
      for (const actor of actors)
        for (const type of ['channel.resume', 'batch.flush', 'router.stop']) actor.send({ type });
      return steps - before;
    },
  };
}

let printed: unknown[][];
beforeEach(() => {
  printed = [];
  for (const method of ['warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => void printed.push(args));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Nothing of a host that has ended is left: no timer, no actor, nobody who still reacts, nothing printed. */
async function expectGone(clock: ReturnType<typeof createSimulatedClock>, watch: ReturnType<typeof createWatch>) {
  await clock.settle();
  expect(clock.pending).toBe(0);
  expect(watch.alive).toEqual([]);
  expect(printed).toEqual([]);
  // From here XState itself warns of events to actors that have ended.
  expect(watch.poke()).toBe(0);
}

describe('the host of docs/examples', () => {
  it('C4 passes messages on, waits for warm channels, drains and reports', async () => {
    const { clock, seen, options: given } = options();
    const output = runHost(given, [trade, bar, trade, { ev: 'unknown' }]);
    await clock.advance(200);
    const { report, error } = await output;
    expect(error).toBeNull();
    expect(report).toMatchObject({
      conserved: true,
      onTime: true,
      channels: { tick: { delivered: 2 }, ohlcv: { delivered: 1 } },
    });
    expect(seen).toEqual(expect.arrayContaining([trade, bar]));
    await clock.settle();
    expect(clock.pending).toBe(0);
  });

  it('C4 shows the transitions of every channel to its inspector, and leaves nothing behind', async () => {
    const { clock, options: given } = options();
    const watch = createWatch();
    const host = createActor(createHostMachine(given), { clock, inspect: watch.inspect });
    host.start();
    await clock.settle();
    expect(host.getSnapshot().value).toBe('open');
    for (const message of [trade, bar]) host.send({ type: 'market.message', message });
    await clock.advance(150);
    host.send({ type: 'market.closed' });
    await clock.advance(150);
    expect(host.getSnapshot().status).toBe('done');
    expect(watch.started).toEqual(expect.arrayContaining(['router', 'fleet', 'tick', 'ohlcv']));
    const draining = ['{"draining":"delivering"}', '"closing"', '"stopped"'];
    expect(watch.states.get('tick')).toEqual([
      '"warming"',
      '{"ready":"idle"}',
      '{"ready":"flushing"}',
      '{"ready":"idle"}',
      ...draining,
    ]);
    expect(watch.states.get('ohlcv')).toEqual([
      '"warming"',
      '{"ready":"idle"}',
      '{"ready":"buffering"}',
      '{"ready":"flushing"}',
      '{"ready":"idle"}',
      ...draining,
    ]);
    await expectGone(clock, watch);
  });

  it('R5.4 hears of a channel that was given up, with its error, when it asks for that', async () => {
    const clock = createSimulatedClock();
    const watch = createWatch();
    const machine = createHostMachine({
      channels: { tick: defineChannel({ warmUp: () => Promise.reject(new Error('no connection')), process() {} }) },
      config: { router: { onGiveUp: 'escalate' }, channels: { tick: { restart: { limit: 1 } } } },
      clock,
    });
    const host = createActor(machine, { clock, inspect: watch.inspect });
    host.start();
    await clock.advance(1_000);
    expect(host.getSnapshot()).toMatchObject({ status: 'done', value: 'halted' });
    expect(host.getSnapshot().output).toMatchObject({ report: null, error: new Error('no connection') });
    await expectGone(clock, watch);
  });
});

/** A host that invokes the router in one state, and may spawn more of them. */
function hostOf(logic: ReturnType<typeof createRouterLogic>) {
  return setup({
    types: {
      events: {} as { readonly type: 'on' | 'off' | 'spawn' },
      children: {} as { router: 'router' },
      context: {} as { readonly spawned: readonly AnyActorRef[] },
    },
    actors: { router: logic },
    actions: {
      spawnRouter: assign({
        spawned: ({ context, spawn }) => [
          ...context.spawned,
          spawn('router', { id: `spawned-${context.spawned.length}` as 'router' }),
        ],
      }),
    },
  }).createMachine({
    id: 'host',
    context: { spawned: [] },
    initial: 'off',
    on: { spawn: { actions: 'spawnRouter' } },
    states: { off: { on: { on: 'on' } }, on: { invoke: { id: 'router', src: 'router' }, on: { off: 'off' } } },
  });
}

async function startHost(react?: (seen: unknown[]) => void | Promise<void>) {
  const parts = options(createSimulatedClock(), react);
  const watch = createWatch();
  const host = createActor(hostOf(createRouterLogic(parts.options)), { clock: parts.clock, inspect: watch.inspect });
  host.start();
  const invoked = () => {
    const actor = host.getSnapshot().children.router;
    if (actor === undefined) throw new Error('the host runs no router');
    return routerOf(actor);
  };
  return { ...parts, watch, host, invoked };
}

describe('a host of any shape', () => {
  it.each([
    { ending: 'stops at once', end: (host: AnyActorRef) => (host as unknown as { stop(): void }).stop() },
    { ending: 'leaves the state that invokes the router', end: (host: AnyActorRef) => host.send({ type: 'off' }) },
  ])('R2.1 one that $ending leaves nothing behind, and every message is accounted for', async ({ end }) => {
    closed.mockClear();
    const { clock, host, watch, invoked } = await startHost(hang);
    host.send({ type: 'on' });
    const router = invoked();
    await clock.settle();
    router.routeAll([trade, trade, trade, bar]);
    await clock.advance(50);
    end(host);
    await clock.settle();
    const { channels, conserved } = router.metrics();
    expect(conserved).toBe(true);
    expect(channels.tick).toMatchObject({ state: 'stopped', accepted: 3, delivered: 0, inFlight: 1, returned: 2 });
    expect(channels.ohlcv).toMatchObject({ state: 'stopped', accepted: 1, delivered: 0, inFlight: 0, returned: 1 });
    expect(router.route(trade)).toEqual({ status: 'rejected', reason: 'not-running' });
    expect(router.health()).toMatchObject({ state: 'stopped', live: false, ready: false });
    expect(closed).not.toHaveBeenCalled();
    const report = await router.stop();
    expect(report).toMatchObject({ conserved: true, onTime: false });
    expect(report.channels.tick).toMatchObject({ unsettledMessages: [trade], returnedMessages: [trade, trade] });
    expect(report.channels.ohlcv).toMatchObject({ unsettledMessages: [], returnedMessages: [bar] });
    (host as unknown as { stop(): void }).stop();
    await expectGone(clock, watch);
  });

  it('R2.1 one that comes back to the invoking state gets a new router that knows nothing of the first', async () => {
    const { clock, host, watch, invoked, seen } = await startHost();
    host.send({ type: 'on' });
    const first = invoked();
    await clock.settle();
    first.route(trade);
    host.send({ type: 'off' });
    host.send({ type: 'on' });
    const second = invoked();
    await clock.settle();
    second.routeAll([trade, trade]);
    await clock.advance(50);
    expect(second).not.toBe(first);
    expect(second.state).toBe('running');
    expect([first, second].map((router) => router.metrics().channels.tick?.delivered)).toEqual([1, 2]);
    expect(seen).toHaveLength(3);
    host.stop();
    await expectGone(clock, watch);
  });

  it('one that persists or restores itself while the router runs is refused with words', async () => {
    const { clock, host, invoked } = await startHost();
    host.send({ type: 'on' });
    const refused = /a running router can be neither persisted nor restored.*hosting\.md#persisting-your-machine/;
    expect(() => host.getPersistedSnapshot()).toThrow(refused);
    const router = invoked();
    const stopped = router.stop();
    await clock.advance(200);
    await stopped;
    const persisted = JSON.parse(JSON.stringify(host.getPersistedSnapshot()));
    const again = createActor(hostOf(createRouterLogic(options(clock).options)), { clock, snapshot: persisted });
    again.start();
    expect(again.getSnapshot().value).toEqual(host.getSnapshot().value);
    again.stop();
    // As a snapshot of an older version, or one made by hand, may have it.
    persisted.children.router.snapshot.status = 'active';
    const errors: unknown[] = [];
    const hand = createActor(hostOf(createRouterLogic(options(clock).options)), { clock, snapshot: persisted });
    hand.subscribe({ error: (error) => errors.push(error) });
    hand.start();
    expect(errors.map(String)).toEqual([expect.stringMatching(refused)]);
    host.stop();
  });

  it('R2.1 one that spawns two routers from one logic has two that share nothing but what it gave them', async () => {
    const { clock, host, watch } = await startHost();
    host.send({ type: 'spawn' });
    host.send({ type: 'spawn' });
    const [first, second] = host.getSnapshot().context.spawned.map((actor) => routerOf(actor as never));
    await clock.settle();
    first?.routeAll([trade, trade]);
    second?.route(bar);
    await clock.advance(150);
    expect(first?.metrics().channels).toMatchObject({ tick: { delivered: 2 }, ohlcv: { received: 0 } });
    expect(second?.metrics().channels).toMatchObject({ tick: { received: 0 }, ohlcv: { delivered: 1 } });
    const stopped = first?.stop();
    await clock.advance(200);
    expect(await stopped).toMatchObject({ conserved: true });
    expect(second?.route(trade)).toEqual({ status: 'accepted' });
    await clock.settle();
    host.stop();
    await expectGone(clock, watch);
  });

  it('R6.2 one has its channels restarted by the supervisor just as createRouter has', async () => {
    const run = async (isHosted: boolean) => {
      let failuresLeft = 2;
      const hangThenSucceed = (): void | Promise<void> => {
        failuresLeft -= 1;
        return failuresLeft >= 0 ? hang() : undefined;
      };
      const { clock, options: given, seen } = options(createSimulatedClock(), hangThenSucceed);
      const config = { channels: { tick: { processTimeoutMs: 100, abandonAfterMs: 100 } } };
      const host = createActor(hostOf(createRouterLogic({ ...given, config })), { clock });
      host.start();
      host.send({ type: 'on' });
      const actor = host.getSnapshot().children.router;
      const router = isHosted && actor !== undefined ? routerOf(actor) : createRouter({ ...given, config });
      const entered: string[] = [];
      router.events.on('channel.entered', ({ channel, to }) => entered.push(`${clock.now()} ${channel} ${to}`));
      const started = router.start();
      await clock.settle();
      await started;
      entered.length = 0;
      router.route(trade);
      await clock.advance(2_000);
      const { restarts, delivered, conserved } = { ...router.metrics(), ...router.metrics().channels.tick };
      const report = router.stop();
      await clock.advance(200);
      const { elapsedMs, channels } = await report;
      host.stop();
      return { entered, restarts, delivered, conserved, seen, elapsedMs, channels };
    };
    const hosted = await run(true);
    expect(hosted).toMatchObject({ restarts: 2, delivered: 1, conserved: true, seen: [trade, trade, trade] });
    expect(hosted).toEqual(await run(false));
    expect(printed).toEqual([]);
  });
});

describe('a host without a handler for the error of a router', () => {
  const failing = () => {
    const clock = createSimulatedClock();
    const watch = createWatch();
    const logic = createRouterLogic({
      channels: {
        tick: () => {
          throw new Error('broken');
        },
        ohlcv: recorded([], succeed),
      },
      config: { router: { onGiveUp: 'escalate' }, channels: { tick: { restart: { limit: 0 } } } },
      clock,
    });
    return { clock, watch, logic };
  };

  it('R5.4 fails with the error of the channel, and everything in it is halted', async () => {
    const { clock, watch, logic } = failing();
    const host = createActor(hostOf(logic), { clock, inspect: watch.inspect });
    const errors: unknown[] = [];
    host.subscribe({ error: (error) => errors.push(error) });
    host.start();
    host.send({ type: 'on' });
    await clock.advance(1_000);
    expect(host.getSnapshot().status).toBe('error');
    expect(errors).toEqual([new Error('broken')]);
    await expectGone(clock, watch);
  });

  it('R5.4 takes its own parent with it only if that has no handler either', async () => {
    const { clock, watch, logic } = failing();
    const machine = setup({ actors: { host: hostOf(logic) } }).createMachine({
      invoke: { id: 'host', src: 'host', onError: '.alone' },
      entry: sendTo('host', { type: 'on' }),
      initial: 'together',
      states: { together: {}, alone: {} },
    });
    const parent = createActor(machine, { clock, inspect: watch.inspect });
    parent.start();
    await clock.advance(1_000);
    expect(parent.getSnapshot()).toMatchObject({ status: 'active', value: 'alone' });
    parent.stop();
    await expectGone(clock, watch);
  });
});
