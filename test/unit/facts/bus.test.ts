import mitt from 'mitt';
import { beforeEach, expect, it } from 'vitest';
import { Bus } from '../../../src/facts/bus.ts';
import type { RouterEvents } from '../../../src/facts/events.ts';
import { createSimulatedClock } from '../../../src/testing/index.ts';

// mitt describes itself to TypeScript as CommonJS although Node loads its ES module, whose default is the function.
const createEmitter = mitt as unknown as typeof mitt.default;

const entered = (n: number): RouterEvents['router.entered'] => ({ from: null, to: `state ${n}`, cause: 'test' });
const broken = (): never => {
  throw new Error('listener');
};

const rejectsLater = (): unknown => Promise.reject(new Error('listener'));

const clock = createSimulatedClock();
let bus: Bus;
let failures: RouterEvents['callback.failed'][];
beforeEach(() => {
  bus = new Bus(clock);
  failures = [];
  bus.emitter.on('callback.failed', (failure) => failures.push(failure));
});

it('N4 listeners hear events in the order of publishing, and each event in the order of subscribing', () => {
  const heard: string[] = [];
  bus.emitter.on('*', (type, event) => {
    if (type === 'router.entered') heard.push(`* ${(event as RouterEvents['router.entered']).to}`);
  });
  for (const name of ['first', 'second']) bus.emitter.on('router.entered', ({ to }) => heard.push(`${name} ${to}`));
  for (const n of [1, 2]) bus.publish('router.entered', entered(n));
  expect(heard).toEqual([1, 2].flatMap((n) => [`first state ${n}`, `second state ${n}`, `* state ${n}`]));
});

it.each(['router.entered', '*'] as const)(
  'a listener of %s that throws is counted and told, and harms no other',
  (type) => {
    const heard: string[] = [];
    bus.emitter.on('router.entered', ({ to }) => heard.push(to));
    bus.emitter.on(type as '*', broken);
    bus.emitter.on('router.entered', ({ to }) => heard.push(to));
    bus.publish('router.entered', entered(1));
    expect(heard).toEqual(['state 1', 'state 1']);
    expect(bus.faults.listener).toBe(type === '*' ? 2 : 1);
    expect(failures).toEqual([{ place: 'listener', channel: null, error: new Error('listener') }]);
  },
);

it.each(['callback.failed', '*'] as const)(
  'a listener of %s that throws when it is told of a fault is only counted',
  (type) => {
    bus.emitter.on(type as '*', broken);
    bus.fault('logger', new Error('logger'), 'tick');
    expect(bus.faults).toMatchObject({ logger: 1, listener: 1 });
    expect(failures).toEqual([{ place: 'logger', channel: 'tick', error: new Error('logger') }]);
  },
);

it.each(['router.entered', '*'] as const)('a listener of %s that rejects later is counted and told', async (type) => {
  bus.emitter.on(type as '*', rejectsLater);
  bus.publish('router.entered', entered(1));
  expect(bus.faults.listener).toBe(0);
  await new Promise(setImmediate);
  expect(bus.faults.listener).toBe(type === '*' ? 2 : 1);
  expect(failures).toHaveLength(1);
});

it('a listener that subscribes or leaves while an event is told changes who hears the next one only', () => {
  const heard: string[] = [];
  const late = (): void => void heard.push('late');
  const once = (): void => {
    heard.push('once');
    bus.emitter.off('router.entered', once);
    bus.emitter.on('router.entered', late);
  };
  bus.emitter.on('router.entered', once);
  bus.emitter.on('router.entered', () => heard.push('steady'));
  for (const n of [1, 2]) bus.publish('router.entered', entered(n));
  expect(heard).toEqual(['once', 'steady', 'steady', 'late']);
});

it('what a listener publishes is told when every listener has heard the first event', () => {
  const heard: string[] = [];
  bus.emitter.on('router.entered', ({ to }) => {
    if (to === 'state 1') bus.publish('router.entered', entered(2));
  });
  bus.emitter.on('router.entered', ({ to }) => heard.push(to));
  bus.publish('router.entered', entered(1));
  expect(heard).toEqual(['state 1', 'state 2']);
});

it('N4 a bus of the host goes on carrying the events of the host', () => {
  const hosts = createEmitter<{ trade: number } & RouterEvents>();
  const heard: unknown[] = [];
  hosts.on('trade', (price) => heard.push(price));
  hosts.on('event', ({ event }) => heard.push(event));
  const joined = new Bus(clock, hosts);
  hosts.emit('trade', 1);
  joined.publish('event', { channel: 'tick', event: 2 });
  expect(heard).toEqual([1, 2]);
});

it.each([
  ['nobody', () => {}, false],
  ['a listener', () => bus.emitter.on('batch.flushed', () => {}), true],
  ['an observer of everything', () => bus.emitter.on('*', () => {}), true],
  ['a listener of something else', () => bus.emitter.on('batch.failed', () => {}), false],
  [
    'a listener that has left',
    () => {
      bus.emitter.on('batch.flushed', broken);
      bus.emitter.off('batch.flushed', broken);
    },
    false,
  ],
])('it knows whether an event is worth putting together: %s listens', (_name, listen, isHeard) => {
  expect(bus.hearsFlushes).toBe(false);
  listen();
  expect(bus.hearsFlushes).toBe(isHeard);
});

it('it knows that of a bus of the host, too, and of one that several routers share', () => {
  const first = new Bus(clock);
  const hosts = createEmitter<RouterEvents>();
  const buses = [first, new Bus(clock, first.emitter), new Bus(clock, hosts)];
  expect(buses.map(({ hearsFlushes }) => hearsFlushes)).toEqual([false, false, false]);
  for (const emitter of [first.emitter, hosts]) emitter.on('batch.flushed', () => {});
  expect(buses.map(({ hearsFlushes }) => hearsFlushes)).toEqual([true, true, true]);
  for (const emitter of [first.emitter, hosts]) emitter.all.clear();
  expect(buses.map(({ hearsFlushes }) => hearsFlushes)).toEqual([false, false, false]);
});

it('counts that were read do not change any more', () => {
  const { faults } = bus;
  bus.fault('close', new Error('close'));
  expect(faults.close).toBe(0);
  expect(bus.faults.close).toBe(1);
});
