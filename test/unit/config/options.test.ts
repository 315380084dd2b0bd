import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkOptions } from '../../../src/config/options.ts';
import { createRouter, createRouterLogic, defineChannel, loadConfig, SluiceError } from '../../../src/index.ts';
import { createInspector } from '../../../src/inspector/index.ts';
import {
  channelPaths,
  checkOrder,
  createSimulatedClock,
  createSink,
  createTestRouter,
  testBatch,
} from '../../../src/testing/index.ts';

const Ticks = defineChannel({ process() {} });
const channels = { tick: Ticks };
const router = createRouter({ channels });

/** What a host without types may write, and what it meant. */
const calls: readonly (readonly [string, string, (options: never) => unknown])[] = [
  ['createRouter', 'recognize', (options: object) => createRouter({ channels, ...options })],
  ['createRouterLogic', 'recognize', (options: object) => createRouterLogic({ channels, ...options })],
  ['recorder', 'directory', (recorder) => createRouter({ channels, recorder })],
  ['defineChannel', 'schema', (options: object) => defineChannel({ process() {}, ...options })],
  ['loadConfig', 'overrides', (options) => loadConfig('none.yaml', options)],
  ['route', 'dataType', (options) => router.route({}, options)],
  ['routeAll', 'dataType', (options) => router.routeAll([], options)],
  ['offer', 'signal', (options) => router.offer({}, options)],
  ['deliver', 'signal', (options) => router.deliver({}, options)],
  ['consume', 'signal', (options) => router.consume([], options)],
  ['remove', 'deadlineMs', (options) => router.remove('tick', options)],
  ['stop', 'deadlineMs', (options) => router.stop(options)],
  ['watch', 'overrides', (options) => router.watch('none.yaml', options)],
  ['deadLetters.list', 'channel', (options) => router.deadLetters.list(options)],
  ['deadLetters.drop', 'reason', (options) => router.deadLetters.drop(options)],
  ['deadLetters.replay', 'perSecond', (options) => router.deadLetters.replay(options)],
  ['createInspector', 'allowControl', (options) => createInspector(router, options)],
  ['createTestRouter', 'channels', (options) => createTestRouter(options)],
  ['testBatch', 'script', (options) => testBatch(Ticks, [], options)],
  ['channelPaths', 'messages', (options) => channelPaths(Ticks, options)],
  ['createSimulatedClock', 'startMs', (options) => createSimulatedClock(options)],
  ['createSink', 'script', (options) => createSink(options)],
  ['createSink', 'otherwise', (options) => createSink(Ticks, options)],
  ['checkOrder', 'sequence', (options) => checkOrder([], options)],
];

describe('an unknown option', () => {
  it.each(calls)('of %s is refused, and %s is named', async (name, option, call) => {
    const misspelled = `${option}s`;
    const refused = async (): Promise<unknown> => call({ [misspelled]: 1 } as never);
    const message = `${name}: unknown option '${misspelled}'; did you mean '${option}'?`;
    await expect(refused()).rejects.toThrow(new SluiceError('invalid-option', message));
    await expect(refused()).rejects.toBeInstanceOf(SluiceError);
  });

  it('that is near to none is refused with all that there are', () => {
    expect(() => createRouter({ channels, ...{ rules: [] } })).toThrow(
      "createRouter: unknown option 'rules'; it takes channels, config, sources, deadLetters, logger, events, recognize, clock, random, recorder, inspect",
    );
  });

  it.each([[null], ['tick'], [5]])('is not looked for in %s, which is no object', (options) => {
    expect(() => createRouter(options as never)).toThrow(`createRouter takes an object of options, got ${options}`);
  });

  it('is any that is not in the list, and no other', () => {
    const known = { alpha: true, beta: true } as const;
    fc.assert(
      fc.property(fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('alpha', 'beta')), fc.anything()), (options) => {
        const isKnown = Object.keys(options).every((name) => name === 'alpha' || name === 'beta');
        const check = () => checkOptions<{ alpha?: unknown; beta?: unknown }>('f', options, known);
        if (isKnown) expect(check).not.toThrow();
        else expect(check).toThrow(SluiceError);
      }),
    );
  });
});
