import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { type AnyActorRef, createActor, type InspectionEvent } from 'xstate';
import { channelMachine } from '../../machines/channel.ts';
import { remembered } from '../../src/channel/remembered-chart.ts';
import type { ChannelPort } from '../../src/core/channel-port.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';

const FACTS = ['isPaused', 'isTripped', 'hasWork', 'isDue', 'isIsolating', 'mustWait'] as const;
const facts = fc.record(Object.fromEntries(FACTS.map((fact) => [fact, fc.boolean()])));
const types = [
  'warmUp.finished',
  'warmUp.failed',
  'close.finished',
  'no.such.event',
  ...channelMachine.events.filter((type) => !type.startsWith('xstate.')),
];
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom(...types), facts }) },
  { weight: 2, arbitrary: fc.record({ ms: fc.nat(30), facts }) },
);
type Taken = { readonly type?: string; readonly ms?: number; readonly facts: object };

/** Everything that can be seen of an actor and its port, as text, in order. */
async function seen(
  logic: typeof channelMachine,
  steps: readonly Taken[],
  throwsAt: number,
): Promise<readonly unknown[]> {
  const told: unknown[] = [];
  const clock = createSimulatedClock();
  const known: Record<string, unknown> = {};
  let orders = 0;
  const order = (name: string, ...given: unknown[]): void => {
    told.push([name, ...given]);
    orders += 1;
    if (orders === throwsAt) throw new Error('planted');
  };
  const port = new Proxy({} as ChannelPort, {
    get(_, name: string) {
      if (name.endsWith('Ms')) return 10;
      if (name.startsWith('is') || name in known) told.push(['asked', name, known[name] ?? false]);
      return name.startsWith('is') || name.startsWith('has') || name.startsWith('must')
        ? (known[name] ?? false)
        : (...given: unknown[]) => order(name, ...given);
    },
  });
  const inspect = (event: InspectionEvent): void => void told.push(textOf(event));
  const actor = createActor(logic, { id: 'it', clock, inspect, input: { port: () => port } });
  actor.subscribe({
    next: ({ value, context: { cause } }) => told.push([value, cause]),
    error: (e) => told.push(`${e}`),
  });
  actor.start();
  for (const { type, ms, facts: now } of steps) {
    if (actor.getSnapshot().status !== 'active') break;
    Object.assign(known, now);
    if (type !== undefined) actor.send({ type, error: 'why' } as never);
    if (ms !== undefined) await clock.advance(ms);
    const { status, value, context, tags, children, output } = actor.getSnapshot();
    told.push([status, value, context.cause, context.error, [...tags], Object.keys(children), output, clock.pending]);
  }
  return told;
}

function textOf(event: InspectionEvent): unknown {
  const { actorRef, rootId: _, ...rest } = event as InspectionEvent & { readonly snapshot?: Record<string, unknown> };
  const { value, status, context } = (rest.snapshot ?? {}) as {
    value?: unknown;
    status?: unknown;
    context?: { cause?: unknown };
  };
  const taken = '_transitions' in rest ? rest._transitions.map(({ source, eventType }) => [source.id, eventType]) : [];
  const { type = '', params } = 'action' in rest ? rest.action : {};
  // Those of an actor that is started or stopped hold all of it.
  const action = [type, type.endsWith('Child') ? undefined : params];
  const happened = 'event' in rest ? rest.event.type : undefined;
  return [(actorRef as AnyActorRef).id, rest.type, happened, value, status, context?.cause, taken, action];
}

test('what is seen of an actor, its effects and their order are those of XState, whatever is asked and answered', async () => {
  const logic = remembered(channelMachine);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.integer({ min: 0, max: 12 }), async (steps, throwsAt) => {
      const expected = await seen(channelMachine, steps, throwsAt);
      expect(await seen(logic, steps, throwsAt)).toEqual(expected);
    }),
  );
});

test('XState is asked once about an event in a state, whatever the guards say later', () => {
  const logic = remembered(channelMachine);
  const asked = vi.spyOn(channelMachine, 'transition');
  const facts = { isDue: false, hasWork: false };
  const port = { ...facts, warmUp() {}, endWork() {}, deliver() {}, hold() {} } as unknown as ChannelPort;
  const steps = ['warmUp.finished', 'message.waiting', 'batch.full', 'delivery.quieted', 'channel.abandon'] as const;
  const askedFor = (events: readonly (typeof steps)[number][]): number => {
    const before = asked.mock.calls.length;
    const actor = createActor(logic, { clock: createSimulatedClock(), input: { port: () => port } }).start();
    for (const type of events) actor.send({ type });
    return asked.mock.calls.length - before;
  };
  expect(askedFor(steps)).toBeGreaterThan(0);
  expect(askedFor(steps)).toBe(0);
  Object.assign(port, { isDue: true, hasWork: true });
  expect(askedFor(['warmUp.finished'])).toBe(0);
  asked.mockRestore();
});
