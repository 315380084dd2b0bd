import { expect, it } from 'vitest';
import { createActor, setup } from 'xstate';
import { createRouterLogic, ProcessingChannel, routerOf } from '../../../src/index.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

const trade = { ev: 'T', sym: 'A', p: 1, t: 1 };

class Stuck extends ProcessingChannel<unknown> {
  isClosed = false;

  override process(): Promise<void> {
    return new Promise(() => {});
  }

  override close(): void {
    this.isClosed = true;
  }
}

async function startHost() {
  const clock = createSimulatedClock();
  const channel = new Stuck();
  const machine = setup({
    types: { children: {} as { router: 'router' } },
    actors: { router: createRouterLogic({ channels: { tick: () => channel }, clock }) },
  }).createMachine({ id: 'host', invoke: { id: 'router', src: 'router' } });
  const states = new Set<string>();
  const host = createActor(machine, {
    clock,
    inspect(event) {
      if (event.type === '@xstate.snapshot' && 'value' in event.snapshot)
        states.add(JSON.stringify(event.snapshot.value));
    },
  });
  host.start();
  const actor = host.getSnapshot().children.router;
  if (actor === undefined) throw new Error('the host runs no router');
  const router = routerOf(actor);
  await clock.settle();
  return { clock, channel, host, router, states };
}

it('C4 the inspector of the host sees the states of the router and of its channels', async () => {
  const { clock, router, states } = await startHost();
  router.route(trade);
  await clock.settle();
  expect([...states]).toEqual(
    expect.arrayContaining(['{"serving":"running"}', '"warming"', '{"ready":"idle"}', '{"ready":"flushing"}']),
  );
});

it('R5.4 a host that ends without stop calls no close, leaves no timer, and every message is in the report', async () => {
  const { clock, channel, host, router } = await startHost();
  const messages = [1, 2, 3].map((p) => ({ ...trade, p }));
  router.routeAll(messages);
  host.stop();
  await clock.settle();
  expect(router.route(trade)).toEqual({ status: 'rejected', reason: 'not-running' });
  expect(router.health()).toMatchObject({ state: 'stopped', live: false, ready: false });
  const report = await router.stop();
  expect(report.conserved).toBe(true);
  expect(report.channels.tick?.unsettledMessages).toEqual(messages.slice(0, 1));
  expect(report.channels.tick?.returnedMessages).toEqual(messages.slice(1));
  expect(channel.isClosed).toBe(false);
  expect(clock.pending).toBe(0);
});
