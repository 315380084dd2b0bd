import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { createRouter, createRouterLogic, type RecorderOptions, routerOf } from '../../../src/index.ts';
import { createTestRouter, message, messages, reject, type TestRouter } from '../../../src/testing/index.ts';
import { emptyDirectory } from '../../support/empty-directory.ts';
import { routeAndAdvance } from '../../support/routed.ts';

let directory: string;
beforeEach(() => {
  directory = emptyDirectory();
});

const recording = (limits: Omit<RecorderOptions, 'directory'> = {}) => ({
  sinks: { tick: {} },
  recorder: { directory, ...limits },
});

async function linesIn(path = ''): Promise<unknown[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  expect(lines.pop(), 'the last line is complete').toBe('');
  return lines.map((line) => JSON.parse(line));
}

/** Records are written one after the other: when this one is there, those before it are as well. */
async function reasonsOf({ router }: TestRouter): Promise<unknown[]> {
  await router.writeRecord('last');
  const files = (await readdir(directory)).filter((name) => name.endsWith('.facts.ndjson')).sort();
  const records = await Promise.all(files.map((name) => linesIn(join(directory, name))));
  return records.map((lines) => (lines.at(-1) as { fact: { reason: string } }).fact.reason);
}

describe('what a record holds', () => {
  it('the last facts in their order, each with its time, and the reason at the end', async () => {
    const rig = await createTestRouter(recording({ facts: 3 }));
    await rig.clock.advance(1_500);
    for (let n = 0; n < 5; n += 1) rig.router.route({ ev: 'unheard of', n });
    const [facts, ...others] = await rig.router.writeRecord('the test');
    expect(others).toEqual([]);
    expect(await linesIn(facts)).toMatchObject([
      { at: '2024-01-01T00:00:01.500Z', type: 'message.deadLettered', fact: { message: { n: 4 } } },
      { type: 'message.rejected', fact: { channel: null, reason: 'unknown-type', message: { n: 4 } } },
      { type: 'record.asked', fact: { reason: 'the test' } },
    ]);
    await rig.stop();
  });

  it('what comes with every batch or event is no fact of a record, and nothing is published for its sake', async () => {
    const rig = await createTestRouter(recording());
    rig.sink('tick').script.push(({ context }) => context.emit({ type: 'high' }));
    await routeAndAdvance(rig, messages('tick', 3), 100);
    const [facts] = await rig.router.writeRecord();
    const types = (await linesIn(facts)).map((line) => (line as { type: string }).type);
    expect(types).toContain('channel.entered');
    expect(types.filter((type) => type === 'event' || type === 'batch.flushed')).toEqual([]);
    await rig.stop();
  });

  it('no secret of a configuration and the story of each error; the messages stay as they came', async () => {
    const rig = await createTestRouter(recording({ messages: 5 }));
    const error = Object.assign(new TypeError('denied', { cause: new Error('no route') }), { retryable: false });
    rig.sink('tick').otherwise = reject(error);
    await rig.advanceUntil(
      rig.router.reconfigure({ channels: { tick: { eventRules: { apiKey: 'hunter2', url: 'https://a:hunter2@b' } } } }),
    );
    await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: { eventRules: { apiKey: 'hunter3' } } } }));
    const token = { ...message('tick', 1), token: 'ETH' };
    await routeAndAdvance(rig, token, 10);
    const [facts, kept] = await rig.router.writeRecord();
    const text = await readFile(facts ?? '', 'utf8');
    expect(text).not.toMatch(/hunter\d/);
    expect(text).toContain('TypeError: denied, caused by no route');
    expect(await linesIn(kept)).toEqual([token]);
    await rig.stop();
  });

  it('what was given up long before, however many messages are refused after it', async () => {
    const rig = await createTestRouter(recording({ facts: 1_000 }));
    rig.sink('tick').otherwise = reject(Object.assign(new Error('malformed'), { retryable: false }));
    await routeAndAdvance(rig, message('tick', 1), 10);
    for (let n = 0; n < 20_000; n += 1) rig.router.route({ ev: 'heartbeat', n });
    await rig.advance(20_000);
    const [facts] = await rig.router.writeRecord();
    const types = (await linesIn(facts)) as { type: string; fact: Record<string, unknown> }[];
    const of = (type: string) => types.filter((line) => line.type === type).map(({ fact }) => fact);
    expect(of('message.deadLettered')[0]).toMatchObject({ reason: 'not-retryable', message: { n: 1 } });
    expect(of('message.rejected')).toHaveLength(101);
    expect(of('message.rejected').at(-1)).toMatchObject({ reason: 'unknown-type', more: 19_900 });
    await rig.stop();
  });

  it('the last messages, however they came in and whatever became of them', async () => {
    const rig = await createTestRouter(recording({ messages: 5 }));
    rig.router.routeAll(messages('tick', 4));
    rig.router.route({ ev: 'unheard of' });
    await rig.router.offer(message('tick', 4));
    await rig.advanceUntil(rig.router.consume([message('tick', 5), [message('tick', 6)]]));
    const [, kept] = await rig.router.writeRecord();
    expect(await linesIn(kept)).toEqual([
      message('tick', 3),
      { ev: 'unheard of' },
      ...[4, 5, 6].map((n) => message('tick', n)),
    ]);
    await rig.stop();
  });

  it('a value that JSON cannot hold is a string, and costs nothing else', async () => {
    const rig = await createTestRouter(recording({ messages: 10 }));
    const shared = { a: 1 };
    const circular: Record<string, unknown> = { ev: 'T' };
    Object.assign(circular, { self: circular, twice: [shared, shared] });
    const refusing = {
      get n() {
        throw new Error('not to be read');
      },
    };
    rig.sink('tick').script.push(reject(Object.assign(new Error('refused'), { circular })));
    for (const each of [{ ev: 'T', n: 5n }, circular, refusing, undefined, [1]]) rig.router.route(each);
    await rig.advance(100);
    const [facts, kept] = await rig.router.writeRecord();
    expect(await linesIn(kept)).toEqual([
      { ev: 'T', n: '5' },
      { ev: 'T', self: '[circular]', twice: [{ a: 1 }, { a: 1 }] },
      expect.stringContaining('[Getter]'),
      null,
      [[1]],
    ]);
    expect(await linesIn(facts)).toContainEqual(
      expect.objectContaining({
        type: 'batch.failed',
        fact: {
          channel: 'tick',
          size: 1,
          attempt: 1,
          isTimedOut: false,
          error: expect.stringContaining('Error: refused'),
        },
      }),
    );
    await rig.stop();
  });

  it('two records of the same millisecond have names of their own', async () => {
    const rig = await createTestRouter(recording());
    const [first, second] = await Promise.all([rig.router.writeRecord(), rig.router.writeRecord()]);
    expect(first).toEqual([join(directory, '2024-01-01T00-00-00.000Z.facts.ndjson')]);
    expect(second).toEqual([join(directory, '2024-01-01T00-00-00.001Z.facts.ndjson')]);
    await rig.stop();
  });
});

describe('when a record is written', () => {
  const mistake = { channels: { tick: { batchSize: 0 } } };

  it('a burst of failures and alerts makes one record, with what followed at once; the next comes after a minute', async () => {
    const channels = { tick: { processTimeoutMs: 100, abandonAfterMs: 100 } };
    const rig = await createTestRouter({ ...recording(), sinks: channels });
    rig.sink('tick').script.push(() => new Promise(() => {}));
    await routeAndAdvance(rig, message('tick', 1), 30_000);
    await rig.router.reconfigure(mistake).catch(() => {});
    await rig.advance(0);
    expect(rig.facts('alert.raised').map(({ alert }) => alert)).toEqual(['hung', 'config-rejected']);
    expect(rig.states('tick')).toContain('failed');
    await rig.router.reconfigure({ channels: { tick: { ...channels.tick, batchSize: 2 } } });
    await rig.advance(31_000);
    await rig.router.reconfigure(mistake).catch(() => {});
    await rig.advance(0);
    expect(await reasonsOf(rig)).toEqual(['channel tick failed', 'alert config-rejected of the router', 'last']);
    await rig.stop();
  });

  it('an alert about the router', async () => {
    const rig = await createTestRouter(recording());
    await rig.router.reconfigure(mistake).catch(() => {});
    await rig.advance(0);
    expect(await reasonsOf(rig)).toEqual(['alert config-rejected of the router', 'last']);
    await rig.stop();
  });

  it('nothing is written while nothing is wrong', async () => {
    const rig = await createTestRouter(recording());
    await routeAndAdvance(rig, messages('tick', 20), 120_000);
    expect(await readdir(directory)).toEqual([]);
    await rig.stop();
  });
});

describe('options', () => {
  it('a router of createRouterLogic has a recorder as well', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const logic = createRouterLogic({ channels: { tick: rig.sink('tick').channel }, recorder: { directory } });
    const actor = createActor(logic).start();
    expect(await routerOf(actor).writeRecord()).toHaveLength(1);
    await routerOf(actor).stop();
    await rig.stop();
  });

  it('without the option there is nothing to write', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    await expect(rig.router.writeRecord()).rejects.toMatchObject({ code: 'refused', message: /option recorder/ });
    await rig.stop();
  });

  it.each([
    { directory: '' },
    { directory: 5 as unknown as string },
    { directory: 'records', facts: 0 },
    { directory: 'records', messages: -1 },
    { directory: 'records', facts: 1.5 },
    { directory: 'records', messages: 1_000_001 },
  ])('%o is refused', async (recorder) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    expect(() => createRouter({ channels: { tick: rig.sink('tick').channel }, recorder })).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining('recorder takes') }),
    );
    await rig.stop();
  });
});
