import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { createTestRouter } from '../../../src/testing/index.ts';
import { routeAndAdvance } from '../../support/routed.ts';
import { writeConfig } from '../config/config-files.ts';

const channels = { tick: {}, ohlcv: { batchSize: 1 } };

it('a file names the field that tells messages apart, and the data types of its values', async () => {
  const file = await writeConfig(`router:
  recognize:
    field: e
    types: { trade: tick, kline: ohlcv }
`);
  const rig = await createTestRouter({ sinks: channels, config: await loadConfig(file, { environment: {} }) });
  for (const e of ['trade', 'kline', 'depth']) rig.router.route({ e });
  await rig.advance(1);
  expect([rig.sink('tick').delivered, rig.sink('ohlcv').delivered]).toEqual([[{ e: 'trade' }], [{ e: 'kline' }]]);
  expect((await rig.router.deadLetters.list()).map(({ error }) => error)).toEqual([
    'no data type is known for e "depth"',
  ]);
});

it('what code says about recognition wins, field by field, also over a reload', async () => {
  const rig = await createTestRouter({
    sinks: channels,
    recognize: { types: { trade: 'tick' } },
    config: { router: { recognize: { field: 'e', types: { trade: 'ohlcv', kline: 'ohlcv' } } } },
  });
  expect(rig.router.config.router.recognize).toEqual({
    field: 'e',
    types: { trade: 'tick', kline: 'ohlcv' },
    shapes: false,
    ignore: [],
  });
  await rig.router.reconfigure({ router: { recognize: { field: 'type' } }, channels });
  expect(rig.router.config.router.recognize.types).toEqual({ trade: 'tick' });
  await routeAndAdvance(rig, { type: 'trade' }, 1);
  expect(rig.sink('tick').delivered).toEqual([{ type: 'trade' }]);
});

it('a reload that changes the table changes it at once, also for what came before', async () => {
  const rig = await createTestRouter({ sinks: channels });
  rig.router.route({ ev: 'T' });
  const changes = await rig.router.reconfigure({ router: { recognize: { types: { T: 'ohlcv' } } }, channels });
  expect(changes).toMatchObject([{ path: ['router', 'recognize', 'types', 'T'], after: 'ohlcv', reload: 'live' }]);
  await routeAndAdvance(rig, { ev: 'T' }, 1);
  expect([rig.sink('tick').delivered.length, rig.sink('ohlcv').delivered.length]).toEqual([1, 1]);
});

it('what a rule, a table or `ignore` does not want is counted and not kept', async () => {
  const rig = await createTestRouter({
    sinks: channels,
    recognize: {
      field: 'e',
      types: { pong: null },
      ignore: ['depth'],
      rules: [(message) => ((message as { test?: boolean }).test ? null : undefined)],
    },
  });
  const outcomes = [{ e: 'pong' }, { e: 'depth' }, { test: true }].map((message) => rig.router.route(message));
  expect(outcomes).toEqual(Array(3).fill({ status: 'rejected', reason: 'ignored' }));
  expect(rig.router.metrics()).toMatchObject({ received: 3, ignored: 3, unroutable: 0, deadLetters: { stored: 0 } });
});

it('shapes are guessed only where it is asked for', async () => {
  const trade = { symbol: 'A', price: 1, time: 1 };
  for (const shapes of [true, false]) {
    const rig = await createTestRouter({ sinks: channels, recognize: { shapes } });
    expect(rig.router.route(trade).status).toBe(shapes ? 'accepted' : 'rejected');
  }
});

it.each([
  [{ shape: true }, /recognize: unknown option 'shape'; did you mean 'shapes'/],
  [{ field: 5 }, /recognize router\.recognize\.field: must be the name of a field, got 5/],
  [{ types: { trade: 5 } }, /recognize router\.recognize\.types\.trade: must be a data type, or nothing/],
])('a mistake in `recognize` is told (%#)', async (recognize, text) => {
  await expect(createTestRouter({ sinks: channels, recognize: recognize as object })).rejects.toThrow(text);
});

it('`recognize` at the top of a file is told where it belongs', async () => {
  const file = await writeConfig('recognize: { field: e }');
  await expect(loadConfig(file, { environment: {} })).rejects.toThrow('did you mean router.recognize?');
});
