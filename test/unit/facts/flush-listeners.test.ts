import mitt, { type Emitter } from 'mitt';
import { describe, expect, it } from 'vitest';
import type { RouterEvents } from '../../../src/index.ts';
import { createTestRouter, messages } from '../../../src/testing/index.ts';

// mitt describes itself to TypeScript as CommonJS although Node loads its ES module.
const createEmitter = mitt as unknown as typeof mitt.default;

type Change = (events: Pick<Emitter<RouterEvents>, 'on' | 'off' | 'all'>, hear: () => void) => void;

/** Everything a host can do to the handlers of a mitt bus between two batches, and whether the next one is heard then. */
const changes: readonly (readonly [string, Change, boolean])[] = [
  ['a handler is put in', (events, hear) => events.on('batch.flushed', hear), true],
  [
    'a handler of everything is put in',
    (events, hear) => events.on('*', (type) => type === 'batch.flushed' && hear()),
    true,
  ],
  ['the handler is taken out', (events, hear) => events.off('batch.flushed', hear), false],
  ['all handlers of a batch are taken out', (events) => events.off('batch.flushed'), false],
  [
    'all are taken out and one is put in again',
    (events, hear) => {
      events.off('batch.flushed');
      events.on('batch.flushed', hear);
    },
    true,
  ],
  ['the list is deleted', (events) => events.all.delete('batch.flushed'), false],
  ['the bus is cleared', (events) => events.all.clear(), false],
  ['a list of its own is put in', (events, hear) => events.all.set('batch.flushed', [hear]), true],
];

describe.each([
  ['of our own', undefined],
  ['of the host', createEmitter<RouterEvents>()],
])('N4 on a bus %s', (_, own) => {
  it('a batch is told to whoever listens at that moment, whatever was done to the handlers', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} }, ...(own && { events: own }) });
    // The whole bus, of which a router shows only what a listener needs.
    const events = rig.router.events as unknown as Emitter<RouterEvents>;
    let heard = 0;
    const hear = (): void => {
      heard += 1;
    };
    const flush = async (): Promise<boolean> => {
      const before = heard;
      rig.router.routeAll(messages('tick', 1));
      await rig.clock.advance(5);
      return heard > before;
    };
    // The rig itself listens to everything: that would hide a list that is looked up too late.
    events.all.clear();
    expect(await flush()).toBe(false);
    for (const [what, change, isHeard] of changes) {
      change(events, hear);
      expect(await flush(), what).toBe(isHeard);
      if (what.startsWith('a handler of everything')) events.all.delete('*');
    }
    await rig.stop();
  });
});
