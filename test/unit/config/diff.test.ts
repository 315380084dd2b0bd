import { describe, expect, test } from 'vitest';
import { diffConfig } from '../../../src/config/diff.ts';
import { notes } from '../../../src/config/field.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { channelSchema, configSchema, type RouterConfigInput } from '../../../src/config/schema.ts';
import { fieldsOf } from '../../../src/config/walk.ts';

function diff(before: RouterConfigInput, after: RouterConfigInput) {
  return diffConfig(parseConfig(before), parseConfig(after));
}

describe('diffConfig', () => {
  test('equal configurations have no differences, whatever objects they are made of', () => {
    const input = { channels: { tick: { eventRules: { levels: [1, { a: 2 }] } } } };
    expect(diff(input, structuredClone(input))).toEqual([]);
  });

  test('Q4 each changed field says when it takes effect', () => {
    const before = { channels: { tick: { breaker: { window: { count: 20 } } } } };
    const after: RouterConfigInput = {
      router: { deadLetters: { capacity: 5 } },
      channels: { tick: { priority: 2, partitions: 4, breaker: { window: { ms: 9 }, observeOnly: true } } },
    };
    expect(diff(before, after)).toEqual([
      { path: ['router', 'deadLetters', 'capacity'], before: 10_000, after: 5, reload: 'live' },
      { path: ['channels', 'tick', 'priority'], before: 1, after: 2, reload: 'live' },
      { path: ['channels', 'tick', 'partitions'], before: 1, after: 4, reload: 'restart' },
      {
        path: ['channels', 'tick', 'breaker', 'window'],
        before: { count: 20 },
        after: { ms: 9 },
        reload: 'next-batch',
      },
      { path: ['channels', 'tick', 'breaker', 'observeOnly'], before: false, after: true, reload: 'live' },
    ]);
  });

  test('a breaker that is switched off and rules that change are one change each', () => {
    const changes = diff({ channels: { tick: {} } }, { channels: { tick: { breaker: false, eventRules: { a: 1 } } } });
    expect(changes.map(({ path, reload }) => [path.at(-1), reload])).toEqual([
      ['breaker', 'restart'],
      ['eventRules', 'next-batch'],
    ]);
  });

  test('a channel that comes and one that goes are one change each', () => {
    const changes = diff({ channels: { tick: {} } }, { channels: { fmv: {} } });
    expect(changes.map(({ path, reload }) => [path.join('.'), reload])).toEqual([
      ['channels.tick', 'restart'],
      ['channels.fmv', 'restart'],
    ]);
    expect(changes[0]?.after).toBeUndefined();
  });

  test('every field says what it means, what is allowed and when a change takes effect', () => {
    const router = fieldsOf(configSchema).filter(({ path }) => path.length > 1);
    const fields = [...router, ...fieldsOf(channelSchema)];
    const unnoted = fields.filter(({ schema, path }) => notes.get(schema) === undefined && !path.includes('window'));
    expect(unnoted.map(({ path }) => path.join('.'))).toEqual([]);
  });
});
