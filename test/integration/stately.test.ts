import { createWebSocketInspector, createWebSocketReceiver } from '@statelyai/inspect';
import { createInspectorServer } from '@statelyai/inspect/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { channelMachine } from '../../machines/channel.ts';
import { routerMachine } from '../../machines/router.ts';
import { createRouter, type DataChannelRouter, defineChannel } from '../../src/index.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../unit/inspector/visitor.ts';

type Inspect = ReturnType<typeof createWebSocketInspector>['inspect'];

const SECRET = 'a-price-nobody-may-see';

/** Fails whole batches, and never ends with the parts they are split into: messages wait and are in flight. */
const Stubborn = defineChannel({
  process(batch) {
    if (batch.length > 2) throw new Error('the sink is down');
    return new Promise<void>(() => {});
  },
});

/** An inspector of a relay as in the guide, and everything a viewer hears of it. */
async function createInspector() {
  const port = await freePort();
  const server = createInspectorServer({ port, autoOpen: false });
  onTestFinished(() => server.stop());
  const url = `ws://localhost:${port}`;
  const heard: Record<string, unknown>[] = [];
  createWebSocketReceiver({ server: url }).subscribe((event) =>
    heard.push(event as unknown as Record<string, unknown>),
  );
  const inspector = createWebSocketInspector({ url });
  onTestFinished(() => inspector.stop());
  return { inspector, heard };
}

function createInspected(inspect: Inspect | undefined): DataChannelRouter {
  const router = createRouter({
    config: { channels: { tick: { batchSize: 4, retry: { attempts: 1 } } } },
    channels: { tick: Stubborn },
    ...(inspect && { inspect }),
  });
  onTestFinished(async () => void (await router.stop({ deadlineMs: 0 })));
  return router;
}

describe("Stately's inspector", () => {
  it('gets the charts of the router and of each channel, and every state they enter', async () => {
    const { inspector, heard } = await createInspector();
    const router = createInspected(inspector.inspect);
    await router.start();
    router.route({ ev: 'T', sym: 'A' });
    router.pause('tick');
    const actors = () => heard.filter(({ type }) => type === '@xstate.actor');
    const named = (name: string) => actors().find((actor) => actor.name === name);
    await until(() => heard.some((event) => entered(event, 'paused')));
    const chart = (name: string) => JSON.parse(String(named(name)?.definition));
    expect(Object.keys(chart('tick').states).sort()).toEqual(Object.keys(channelMachine.config.states ?? {}).sort());
    const definitions = actors().map(({ definition }) => JSON.parse(String(definition)));
    const charts = definitions.filter(({ states }) => states !== undefined).map(({ id }) => id);
    expect(charts).toEqual([routerMachine.id, channelMachine.id]);
  });

  it('never gets a message, whether it waits, is in flight or has failed', async () => {
    const { inspector, heard } = await createInspector();
    const router = createInspected(inspector.inspect);
    await router.start();
    for (let n = 0; n < 12; n += 1) router.route({ ev: 'T', sym: 'A', secret: SECRET });
    await until(() => router.metrics().channels.tick?.inFlight === 2);
    expect(router.metrics().channels.tick?.buffered).toBe(10);
    router.pause('tick');
    await until(() => heard.some((event) => entered(event, 'paused')));
    expect(heard.some((event) => entered(event, 'isolating'))).toBe(true);
    expect(heard.map((event) => JSON.stringify(event)).filter((text) => text.includes(SECRET))).toEqual([]);
  });

  it('gets no text of an error that warmUp throws: it cannot be put into JSON', async () => {
    const { inspector, heard } = await createInspector();
    const Cold = defineChannel({ warmUp: () => Promise.reject(new Error(SECRET)), process() {} });
    const router = createRouter({ channels: { tick: Cold }, inspect: inspector.inspect });
    onTestFinished(async () => void (await router.stop({ deadlineMs: 0 })));
    await router.start();
    await until(() => heard.some((event) => entered(event, 'failed')));
    expect(router.explain('tick').sentence).toContain(SECRET);
    expect(heard.map((event) => JSON.stringify(event)).filter((text) => text.includes(SECRET))).toEqual([]);
  });

  it('that is attached while the router runs gets states, but no charts until it is told of the actors', async () => {
    const { inspector, heard } = await createInspector();
    const router = createInspected(undefined);
    await router.start();
    const attached = router.actor.system.inspect(inspector.inspect);
    router.pause('tick');
    await until(() => heard.some((event) => entered(event, 'paused')));
    expect(heard.filter(({ type }) => type === '@xstate.actor')).toEqual([]);
    inspector.actor(router.actor, router.actor.getSnapshot());
    await until(() => heard.some(({ type, name }) => type === '@xstate.actor' && name === routerMachine.id));
    attached.unsubscribe();
    const before = heard.length;
    router.resume('tick');
    inspector.event('marker', 'marker');
    await until(() => heard.some(({ sessionId }) => sessionId === 'marker'));
    expect(heard.length).toBe(before + 1);
  });
});

/** A snapshot in which an actor was in this state. */
function entered({ type, snapshot }: Record<string, unknown>, state: string): boolean {
  return type === '@xstate.snapshot' && JSON.stringify(snapshot).includes(`"${state}"`);
}
