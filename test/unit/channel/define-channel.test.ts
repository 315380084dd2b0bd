import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../../../src/facts/logging.ts';
import { defineChannel, type LifeContext, type Logger, ProcessingChannel, SluiceError } from '../../../src/index.ts';
import { createTestRouter, type TestMessage, testBatch } from '../../../src/testing/index.ts';

const High = z.object({ type: z.literal('high'), price: z.number() });

/** Puts out each price above all before it. */
const Highs = defineChannel({
  schema: z.object({ p: z.number() }),
  rules: z.object({ above: z.number().default(0) }),
  events: High,
  create() {
    let high = 0;
    return {
      process(batch, context) {
        for (const { p } of batch) {
          if (p <= Math.max(high, context.rules.above)) continue;
          high = p;
          context.emit({ type: 'high', price: p });
        }
      },
    };
  },
});

describe('defineChannel', () => {
  it('makes a channel class', () => {
    expect(new Highs()).toBeInstanceOf(ProcessingChannel);
    expect(Object.getPrototypeOf(Highs)).toBe(ProcessingChannel);
  });

  it('checks messages by the schema, and eventRules by the rules', async () => {
    const { outcomes, events } = await testBatch(Highs, [{ p: 1 }, { p: 'free' }, { p: 3 }], {
      config: { eventRules: { above: 2 } },
    });
    expect(outcomes.map(({ status }) => status)).toEqual(['delivered', 'rejected', 'delivered']);
    expect(events).toEqual([{ type: 'high', price: 3 }]);
  });

  it('begins the state of create anew with each life', async () => {
    await using test = await createTestRouter({ channels: { tick: Highs } });
    test.router.route({ ev: 'T', p: 5 });
    test.router.route({ ev: 'T', p: 4 });
    test.router.restart('tick');
    await test.advance(1_000);
    test.router.route({ ev: 'T', p: 4 });
    await test.advance(1_000);
    expect(test.events.map(({ event }) => event.price)).toEqual([5, 4]);
  });

  it('runs warmUp, process and close, and takes validate for a schema', async () => {
    const steps: string[] = [];
    const Steps = defineChannel({
      validate: (message) => String(message).toUpperCase(),
      warmUp: () => void steps.push('warmUp'),
      process: (batch) => void steps.push(...batch),
      close: () => void steps.push('close'),
    });
    await testBatch(Steps, ['a']);
    expect(steps).toEqual(['warmUp', 'A', 'close']);
  });

  it.each([
    ['neither process nor create', {}, /either process or create/],
    ['both', { process() {}, create: () => ({ process() {} }) }, /either process or create/],
    ['two checks', { process() {}, schema: z.number(), validate: Number }, /either schema or validate/],
  ])('refuses %s', (_, definition, text) => {
    const define = (): unknown => defineChannel(definition as { process(): void });
    expect(define).toThrow(SluiceError);
    expect(define).toThrow(text);
  });

  it('refuses a create that makes nothing which can process', () => {
    const Empty = defineChannel({ create: () => ({}) as { process(): void } });
    expect(() => new Empty()).toThrow('create must return an object with a function process');
  });
});

describe('a channel', () => {
  it('is given by its class, a function, or while the router runs', async () => {
    await using test = await createTestRouter({ channels: { tick: Highs, own: () => new Highs() } });
    test.router.add('late', Highs, { eventRules: { above: 8 } });
    for (const dataType of ['tick', 'own', 'late']) test.router.route({ p: 9 }, { dataType });
    await test.advance(1_000);
    expect(test.events.map(({ event }) => event)).toEqual(Array(3).fill({ type: 'high', price: 9 }));
  });

  it('of a class that extends a defined one warms up as that says', async () => {
    const warmUps: string[] = [];
    const Defined = defineChannel({ warmUp: () => void warmUps.push('defined'), process() {} });
    class Own extends Defined {
      override warmUp(): void {
        warmUps.push('own');
      }

      override process(): void {}
    }
    await using _test = await createTestRouter({ channels: { tick: Defined, own: Own } });
    expect(warmUps).toEqual(['defined', 'own']);
  });

  it('that emits what its events do not allow fails the test, and only the test', async () => {
    const Liar = defineChannel({
      events: High,
      process: (_batch, context) => context.emit({ type: 'high', price: '9' as unknown as number }),
    });
    await expect(testBatch(Liar, [1])).rejects.toThrow(
      "channel emitted an event that its 'events' does not allow: price: Invalid input: expected number, received string",
    );
    const test = await createTestRouter({ channels: { tick: Liar } });
    test.router.route({ ev: 'T' });
    expect(test.events).toEqual([{ channel: 'tick', event: { type: 'high', price: '9' } }]);
    await expect(test.advance(1)).rejects.toThrow('tick emitted an event');
    expect((await test.stop()).channels.tick?.delivered).toBe(1);
  });
});

it('`warmUp` and `close` are given the rules, a signal and a logger, and may emit events', async () => {
  const logged: string[] = [];
  const info = (_fields: object, line?: string): void => void logged.push(line ?? '');
  const logger: Logger = { ...silentLogger, info, child: () => logger };
  const contexts: LifeContext<string>[] = [];
  class Greeting extends ProcessingChannel<TestMessage, string> {
    override process(): void {}
    override warmUp(context: LifeContext<string>): void {
      contexts.push(context);
      context.logger.info({}, 'warm');
      context.emit('hello');
    }
    override close(context: LifeContext<string>): void {
      contexts.push(context);
      context.emit('goodbye');
    }
  }
  const rig = await createTestRouter({
    config: { channels: { tick: { eventRules: { any: 1 } } } },
    channels: { tick: () => new Greeting() },
    logger,
  });
  await rig.stop();
  expect(rig.events).toEqual(['hello', 'goodbye'].map((event) => ({ channel: 'tick', event })));
  expect(contexts.map(({ rules }) => rules)).toEqual([{ any: 1 }, { any: 1 }]);
  expect(contexts.every(({ signal }) => signal instanceof AbortSignal)).toBe(true);
  expect(logged).toContain('warm');
});
