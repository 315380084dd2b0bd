import { expect, it } from 'vitest';
import { TimeLine } from '../../../src/inspector/time-line.ts';
import type { TestRouter, TestRouterOptions } from '../../../src/testing/index.ts';
import { createTestRouter, hang, message } from '../../../src/testing/index.ts';

async function lineOf(
  options: TestRouterOptions = { sinks: { tick: {} } },
): Promise<{ rig: TestRouter; line: TimeLine; texts: () => string[] }> {
  const rig = await createTestRouter(options);
  const line = new TimeLine(rig.router.events, rig.clock);
  return { rig, line, texts: () => line.entries.map(({ tone, text }) => `${tone}: ${text}`) };
}

it('a channel that is given up, and the router that fails with it, are told as bad', async () => {
  const { rig, line, texts } = await lineOf({
    sinks: { tick: { batchSize: 1, processTimeoutMs: 10, abandonAfterMs: 10, restart: { limit: 1 } } },
    config: { router: { onGiveUp: 'escalate' } },
  });
  rig.sink('tick').otherwise = hang();
  rig.router.route(message('tick', 1));
  await rig.clock.advance(5_000);
  expect(texts()).toEqual(
    expect.arrayContaining([
      'wait: restart 1 within 60 s',
      expect.stringMatching(/^bad: given up after \d restarts: process of channel 'tick' did not settle/),
    ]),
  );
  const ofRouter = line.entries.filter(({ channel }) => channel === null);
  expect(ofRouter.map(({ tone, to }) => [tone, to]).at(-1)).toEqual(['bad', 'failed']);
});

it('a breaker that nothing but an operator closes is held open', async () => {
  const { rig, texts } = await lineOf();
  rig.router.trip('tick', { coolDownMs: Number.POSITIVE_INFINITY });
  expect(texts()).toContainEqual(expect.stringMatching(/^bad: breaker opened: [\w ]+; held open$/));
});

it('of a configuration that changes something it names three changes, and says that there are more', async () => {
  const { rig, texts } = await lineOf();
  const tick = { batchSize: 2, timeoutMs: 3, capacity: 4, priority: 2 };
  await rig.router.reconfigure({ channels: { tick } });
  await rig.router.reconfigure({ channels: { tick } });
  await rig.router.reconfigure({ channels: { tick: { ...tick, batchSize: 3 } } });
  expect(texts()).toEqual([
    expect.stringMatching(
      /^plain: configuration applied: channels\.tick\.\w+, channels\.tick\.\w+, channels\.tick\.\w+, …$/,
    ),
    'plain: configuration applied: channels.tick.batchSize',
  ]);
});

it('keeps the last thousand entries, in order', async () => {
  const { line } = await lineOf();
  for (let n = 1; n <= 1_200; n += 1) line.add({ kind: 'operator', channel: null, tone: 'plain', text: `entry ${n}` });
  expect(line.entries.map(({ text }) => text)).toEqual(
    Array.from({ length: 1_000 }, (_, index) => `entry ${index + 201}`),
  );
});
