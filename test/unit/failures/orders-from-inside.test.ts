import { describe, expect, it } from 'vitest';
import type { RouterFacts } from '../../../src/index.ts';
import { createTestRouter, messages } from '../../../src/testing/index.ts';
import { OutsideAccount, type Place } from '../../support/outside-account.ts';

const facts = [
  'router.entered',
  'channel.entered',
  'channel.restarted',
  'channel.gaveUp',
  'batch.flushed',
  'batch.failed',
  'message.rejected',
  'message.dropped',
  'message.deadLettered',
  'breaker.opened',
  'breaker.closed',
  'drain.progressed',
  'alert.raised',
  'alert.cleared',
  'config.applied',
  'config.rejected',
  'callback.failed',
] as const satisfies readonly (keyof RouterFacts)[];

const places = [
  'constructor',
  'warmUp',
  'validate',
  'process',
  'event',
  'abort',
  'close',
  'advice',
  'key',
  'rule',
  'logger',
  'inspector',
] as const satisfies readonly Place[];

const orders: Readonly<Record<string, (account: OutsideAccount, name: string) => void>> = {
  'stop, twice': (account) => [account.stop(), account.stop()],
  'remove, twice': (account, name) => [account.remove(name), account.remove(name)],
  'remove and stop': (account, name) => [account.remove(name), account.stop()],
  'stop and remove': (account, name) => [account.stop(), account.remove(name)],
  restart: (account, name) => account.restart(name),
  'restart and stop': (account, name) => [account.restart(name), account.stop()],
  'trip and reset': (account, name) => account.tripAndReset(name),
  'pause and flush': (account, name) => account.pauseAndFlush(name),
  reload: (account) => account.reload(),
  'reload and remove': (account, name) => [account.reload(), account.remove(name)],
  route: (account) => account.routeToAll(),
};

const turns = [1, 3, 8];

/** Gives the order each time but once in a life of its own; says what is wrong at its end, and how often it was given. */
async function problemsWith(
  order: string,
  listen: (account: OutsideAccount, told: (channel: unknown) => void) => void,
): Promise<{ problems: string[]; given: number }> {
  const problems: string[] = [];
  let given = 0;
  for (const turn of turns) {
    const account = new OutsideAccount();
    let heard = 0;
    listen(account, (channel) => {
      heard += 1;
      if (heard !== turn) return;
      given += 1;
      orders[order]?.(account, account.nameOf(channel));
    });
    await account.live();
    problems.push(...(await account.end()).map((problem) => `at ${turn}: ${problem}`));
    if (heard < turn) break;
  }
  return { problems, given };
}

describe.each(facts)('an order from inside a listener of %s leaves every message in one place', (fact) => {
  it.each(Object.keys(orders))('%s', async (order) => {
    const { problems, given } = await problemsWith(order, (account, told) => {
      account.events.on('*', (type, event) => {
        if (type === fact) told((event as { channel?: string | null }).channel);
      });
    });
    expect(problems).toEqual([]);
    expect(given).toBeGreaterThan(0);
  });
});

describe.each(places)('an order from inside %s leaves every message in one place', (place) => {
  it.each(Object.keys(orders))('%s', async (order) => {
    const { problems, given } = await problemsWith(order, (account, told) => account.inside.set(place, told));
    expect(problems).toEqual([]);
    expect(given).toBeGreaterThan(0);
  });
});

it.each(['process', 'context.fail'])(
  'a host that ends the router as it is asked what an error of %s says leaves each message in one place',
  async (place) => {
    for (const field of ['retryable', 'retryAfterMs']) {
      const rig = await createTestRouter({ sinks: { ohlcv: { batchSize: 2 } } });
      const error = Object.defineProperty(new Error('no'), field, { get: () => rig.router.actor.stop() });
      rig.sink('ohlcv').script.push(({ context }) => {
        if (place === 'process') throw error;
        context.fail(0, error);
      });
      rig.router.routeAll(messages('ohlcv', 4));
      await rig.advance(1_000);
      const report = await rig.stop();
      const { returnedMessages, unsettledMessages } = report.channels.ohlcv ?? {};
      expect([report.conserved, returnedMessages?.length, unsettledMessages?.length]).toEqual([true, 2, 2]);
    }
  },
);
