import { beforeAll, expect, it, vi } from 'vitest';
import { createActor, setup } from 'xstate';
import * as otherXState from 'xstate-lowest';
import { silentLogger } from '../../src/facts/logging.ts';
import * as sluice from '../../src/index.ts';
import { createInspector } from '../../src/inspector/index.ts';
import { prometheusText } from '../../src/metrics/index.ts';

class Plain extends sluice.ProcessingChannel<unknown> {
  override process(): void {}
}

/** As if `node_modules` had two copies of the package. */
let other: typeof sluice;
beforeAll(async () => {
  vi.resetModules();
  other = await import('../../src/index.ts');
});

it('a class of another copy of sluice is refused with words, and so is what a function makes of it', () => {
  const channels: sluice.ChannelSources = { tick: Plain };
  expect(() => other.createRouter({ channels })).toThrow(
    'the class Plain is of another copy of sluice; `npm ls sluice` shows both',
  );
  expect(() => other.createRouter({ channels: { tick: sluice.defineChannel({ process() {} }) } })).toThrow(
    'a class of a channel is of another copy of sluice',
  );
  expect(() => other.createRouter({ channels: { tick: () => new Plain() } as never })).toThrow(
    'what channels.tick makes is of another copy of sluice',
  );
});

it('a router of another copy of sluice is refused with words', async () => {
  const theirs = other.createRouter({ channels: { tick: other.defineChannel({ process() {} }) } });
  await expect(createInspector(theirs as never)).rejects.toThrow(
    'a router of createRouter is of another copy of sluice; `npm ls sluice` shows both',
  );
  expect(() => sluice.routerOf(theirs.actor)).toThrow('an actor of createRouterLogic is of another copy');
});

it.each([{ actor: {} }, {}, 5, null, undefined])('what is no router is refused with words (%#)', async (odd) => {
  await expect(createInspector(odd as never)).rejects.toThrow('this is not a router of createRouter');
  expect(() => prometheusText(odd as never)).toThrow('this is not a router of createRouter');
});

it('a host with another copy of xstate is warned', async () => {
  const warnings: unknown[] = [];
  const warn = (_: object, text?: string): void => void warnings.push(text);
  const logger: sluice.Logger = { ...silentLogger, warn, child: () => logger };
  const router = sluice.createRouterLogic({ channels: { tick: Plain }, logger });
  const same = createActor(setup({ actors: { router } }).createMachine({ invoke: { src: 'router' } })).start();
  expect(warnings).toEqual([]);
  same.stop();
  // The types of two versions differ.
  const theirs = router as unknown as otherXState.AnyActorLogic;
  const machine = otherXState.setup({ actors: { theirs } }).createMachine({ invoke: { src: 'theirs' } });
  otherXState.createActor(machine).start().stop();
  expect(warnings).toEqual([
    "the host's machine is of another copy of xstate than sluice's; `npm ls xstate` shows both, and one is enough",
  ]);
});
