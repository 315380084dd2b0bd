import { expect, it } from 'vitest';
import { type LifeContext, ProcessingChannel } from '../../../src/index.ts';
import { createTestRouter, type TestMessage } from '../../../src/testing/index.ts';

it('`warmUp` and `close` are given the rules, a signal and a logger, and may emit events', async () => {
  const logged: string[] = [];
  const logger = {
    ...{ trace() {}, debug() {}, warn() {}, error() {}, fatal() {} },
    info: (_fields: object, line?: string) => void logged.push(line ?? ''),
    child: () => logger,
  };
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
