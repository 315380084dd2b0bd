import type { StandardSchemaV1 } from '@standard-schema/spec';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { loadConfig, readConfig } from '../../../src/config/load.ts';
import { parseConfig, resolve, sourceOf } from '../../../src/config/parse.ts';
import { mistakesOf, placeOf, writeConfig } from './config-files.ts';

const rules = z.strictObject({
  minMovePercent: z.number().positive().default(0.5),
  per: z.array(z.string()).default([]),
});

function schemaThat(validate: StandardSchemaV1['~standard']['validate']): StandardSchemaV1 {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

describe('eventRules', () => {
  test('R4.1 the channel’s own schema fills in the rules; channels without one keep theirs', () => {
    const config = parseConfig({ channels: { ohlcv: {}, fmv: { eventRules: { any: 1 } } } });
    const schemas = new Map([
      ['ohlcv', rules],
      ['other', rules],
    ]);
    const checked = resolve(sourceOf(config), { rules: schemas });
    expect(checked.channels.ohlcv?.eventRules).toEqual({ minMovePercent: 0.5, per: [] });
    expect(checked.channels.fmv?.eventRules).toEqual({ any: 1 });
    expect(parseConfig(checked)).toBe(checked);
    expect(config.channels.ohlcv?.eventRules).toEqual({});
  });

  test('R4.3 the mistakes of all channels are told at once, at their lines', async () => {
    const file = await writeConfig(`channels:
  ohlcv:
    eventRules:
      minMovePercent: -1
      per: [a, 2]
  fmv:
    eventRules: { minMove: 1 }
`);
    const config = await loadConfig(file, { environment: {} });
    expect(placeOf(config, ['channels', 'fmv', 'eventRules', 'minMove'])).toEqual({ file, line: 7, column: 28 });
    const both = new Map([
      ['ohlcv', rules],
      ['fmv', rules],
    ]);
    expect(await mistakesOf(() => resolve(sourceOf(config), { rules: both }))).toEqual([
      'channels.yaml:4:23 channels.ohlcv.eventRules.minMovePercent: Too small: expected number to be >0, got -1',
      'channels.yaml:5:16 channels.ohlcv.eventRules.per.1: Invalid input: expected string, received number, got 2',
      'channels.yaml:7:17 channels.fmv.eventRules: Unrecognized key: "minMove", got {"minMove":1}',
    ]);
  });

  test('R4.3 rules and channels without a class are told beside all other mistakes', async () => {
    const file = await writeConfig(`channels:
  ohlcv:
    priority: 0
    eventRules: { minMovePercent: -1 }
  fmv:
    eventRules: []
  tik: {}
`);
    const classes = {
      names: ['tick', 'ohlcv', 'fmv'],
      rules: new Map([
        ['ohlcv', rules],
        ['fmv', rules],
      ]),
    };
    const source = await readConfig(file, { environment: { SLUICE_OHLCV_X: '1' } });
    expect(await mistakesOf(() => resolve(source, classes))).toEqual([
      'channels.yaml:3:15 channels.ohlcv.priority: must be a whole number from 1 to 9, got 0',
      'channels.yaml:4:35 channels.ohlcv.eventRules.minMovePercent: Too small: expected number to be >0, got -1',
      'channels.yaml:6:17 channels.fmv.eventRules: must be a map of rules, got []',
      'channels.yaml:7:3 channels.tik: no class is given for it; channels has tick, ohlcv, fmv, did you mean tick?',
      'SLUICE_OHLCV_X: must name a field of the router or of a channel (ohlcv, fmv, tik)',
    ]);
  });

  test.each<[string, StandardSchemaV1, RegExp]>([
    [
      'throws',
      schemaThat(() => {
        throw new Error('boom');
      }),
      /failed: boom/,
    ],
    ['answers by a promise', schemaThat(() => Promise.reject(new Error('late'))), /not by a promise/],
    ['makes something else of the rules', schemaThat(() => ({ value: 5 })), /must be a map/],
    ['answers nothing', schemaThat(() => undefined as never), /failed: /],
    [
      'throws what is no error',
      schemaThat(() => {
        throw { odd: true };
      }),
      /failed: \{"odd":true\}/,
    ],
    [
      'names no place',
      schemaThat(() => ({ issues: [{ message: 'are odd' }] })),
      /channels\.tick\.eventRules: are odd, got \{\}/,
    ],
    [
      'names a place by objects with a key',
      schemaThat(() => ({ issues: [{ message: 'is odd', path: [{ key: 'per' }, { key: 0 }] }] })),
      /channels\.tick\.eventRules\.per\.0: is odd, got nothing/,
    ],
  ])('a schema that %s is a mistake, not a crash', async (_name, schema, expected) => {
    const config = parseConfig({ channels: { tick: {} } });
    const mistakes = await mistakesOf(() => resolve(sourceOf(config), { rules: new Map([['tick', schema]]) }));
    expect(mistakes).toEqual([expect.stringMatching(expected)]);
  });
});
