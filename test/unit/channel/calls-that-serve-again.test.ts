import { describe, expect, it } from 'vitest';
import type { Reaction, TestMessage } from '../../../src/testing/index.ts';
import { createTestRouter, message, messages, slow } from '../../../src/testing/index.ts';
import { numbers } from '../../support/numbers.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

type Context = Parameters<Reaction<TestMessage>>[0]['context'];

/** A channel of batch size 1 that has settled one call, and the context that its handler kept. */
async function rigAfterOneCall() {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const kept: Context[] = [];
  rig.sink('tick').otherwise = (call) => {
    kept.push(call.context);
    return slow(10)(call);
  };
  await routeAndAdvance(rig, message('tick', 0), 20);
  return { rig, kept };
}

describe('a context that its handler keeps', () => {
  it('names no message of a later call as failed, and emits nothing for it: both are late', async () => {
    const { rig, kept } = await rigAfterOneCall();
    rig.router.route(message('tick', 1));
    const [first, second] = kept;
    expect(second).not.toBe(first);
    first?.fail(0, new Error('too late'));
    first?.emit('too late');
    expect(await deliveredAfter(rig, 'tick', 20)).toEqual(numbers(2));
    expect(rig.metrics('tick')).toMatchObject({ delivered: 2, late: 2, failures: 0 });
    expect(rig.events).toEqual([]);
  });

  it('tells of its own call alone, whatever the later one is', async () => {
    const { rig, kept } = await rigAfterOneCall();
    const [first] = kept;
    const before = first?.signal;
    rig.sink('tick').script.push(() => {
      throw new Error('fails once');
    });
    await routeAndAdvance(rig, message('tick', 1), 5_000);
    expect(rig.sink('tick').calls.map(({ attempt }) => attempt)).toEqual([1, 1, 2]);
    expect([first?.attempt, first?.trigger, first?.ageMs, first?.gaps]).toEqual([1, 'size', 0, []]);
    expect([before?.aborted, first?.signal.aborted]).toEqual([false, false]);
  });

  it('and asks for its signal too late changes nothing for the next call', async () => {
    const { rig, kept } = await rigAfterOneCall();
    const late = kept[0]?.signal;
    rig.router.route(message('tick', 1));
    expect(kept[1]?.signal).not.toBe(late);
    await rig.advance(20);
    expect(rig.metrics('tick')).toMatchObject({ delivered: 2, late: 0 });
  });
});

describe('what looks like a promise', () => {
  it('but is none fails the batch, as `await` would', async () => {
    const rig = await createTestRouter({ sinks: { tick: { retry: { attempts: 1 }, breaker: false } } });
    rig.sink('tick').script.push(() => Object.create(Promise.prototype) as Promise<void>);
    rig.router.route(message('tick', 0));
    await routeAndAdvance(rig, message('tick', 1), 100);
    expect(rig.metrics('tick')).toMatchObject({ delivered: 1, deadLettered: 1, inFlight: 0 });
  });

  it('and calls back at once is waited for like any other', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const hasty = Object.fromEntries([
      ['constructor', Promise],
      ['then', (resolve: () => void) => resolve()],
    ]);
    rig.sink('tick').otherwise = () => hasty as unknown as Promise<void>;
    rig.router.routeAll(messages('tick', 3));
    expect(rig.metrics('tick')).toMatchObject({ delivered: 0, inFlight: 1 });
    await rig.advance(100);
    expect(rig.metrics('tick')).toMatchObject({ delivered: 3, inFlight: 0 });
  });
});
