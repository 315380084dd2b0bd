import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { mistakesOf, writeConfig } from './config-files.ts';

describe('environment', () => {
  const load = async (variables: Record<string, string>, text = 'channels: { tick: {}, tick-fast: {} }') =>
    loadConfig(await writeConfig(text), { environment: variables });

  test('R4.2 a variable sets a field of a channel, a part of it, or the router', async () => {
    const { router, channels } = await load({
      SLUICE_ROUTER_SLICE_MS: '2.5',
      SLUICE_ROUTER_DEAD_LETTERS_CAPACITY: '7',
      SLUICE_TICK_BATCH_SIZE: '5',
      SLUICE_TICK_BREAKER_COOL_DOWN_MS: '1000',
      SLUICE_TICK_BREAKER_WINDOW_MS: '50',
      SLUICE_TICK_DATA_TYPE: '123',
      SLUICE_TICK_OVERFLOW: 'conflate',
      SLUICE_TICK_EVENT_RULES: '{"minMovePercent":1}',
      SLUICE_TICK_FAST_BREAKER: 'false',
      SLUICE_TICK_FAST_RETRY: '{"attempts":9}',
      SLUICE_TICK_FAST_RETRY_FACTOR: '3',
      PATH: '/bin',
    });
    expect(router).toMatchObject({ sliceMs: 2.5, deadLetters: { capacity: 7 } });
    expect(channels.tick).toMatchObject({ batchSize: 5, dataType: '123', overflow: 'conflate' });
    expect(channels.tick).toMatchObject({ breaker: { coolDownMs: 1000, window: { ms: 50 }, probes: 3 } });
    expect(channels.tick?.eventRules).toEqual({ minMovePercent: 1 });
    expect(channels['tick-fast']).toMatchObject({ breaker: false, retry: { attempts: 9, factor: 3, delayMs: 100 } });
  });

  test('R4.3 a variable that means nothing or sets a wrong value is told with the mistakes of the file', async () => {
    const variables = {
      SLUICE_TICK_BACH_SIZE: '5',
      SLUICE_TIK_PRIORITY: '1',
      SLUICE_TICK_PRIORITY: 'high',
      SLUICE_TICK_BREAKER: '{"probes":0}',
    };
    expect(await mistakesOf(() => load(variables, 'channels:\n  tick: { isolate: 1 }\n'))).toEqual([
      'channels.yaml:2:20 channels.tick.isolate: must be true or false, got 1',
      'SLUICE_TICK_BACH_SIZE: must name a field of the router or of a channel (tick), did you mean SLUICE_TICK_BATCH_SIZE?',
      'SLUICE_TIK_PRIORITY: must name a field of the router or of a channel (tick), did you mean SLUICE_TICK_PRIORITY?',
      'SLUICE_TICK_PRIORITY channels.tick.priority: must be a whole number from 1 to 9, got "high"',
      'SLUICE_TICK_BREAKER channels.tick.breaker.probes: must be a whole number from 1 to 100, got 0',
    ]);
  });

  test('what Kubernetes sets for a service, what names nothing of ours and what is empty is not ours', async () => {
    const variables = {
      SLUICE_PORT: 'tcp://10.0.0.7:80',
      SLUICE_SERVICE_HOST: '10.0.0.7',
      SLUICE_SERVICE_PORT: '80',
      SLUICE_SERVICE_PORT_HTTP: '80',
      SLUICE_PORT_80_TCP: 'tcp://10.0.0.7:80',
      SLUICE_PORT_80_TCP_PROTO: 'tcp',
      SLUICE_PORT_80_TCP_ADDR: '10.0.0.7',
      SLUICE_TICK_SERVICE_HOST: '10.0.0.8',
      SLUICE_TICK_PORT: 'tcp://10.0.0.8:80',
      SLUICE_ROUTER_PORT_53_UDP_ADDR: '10.0.0.9',
      SLUICE_LOG_LEVEL: 'debug',
      SLUICE_TICKER_URL: 'wss://feed',
      SLUICE_TICK_BATCH_SIZE: '',
      SLUICE_TICK_NAME_OF_NOTHING: '',
    };
    expect(await load(variables)).toEqual(await load({}));
  });

  test.each([
    ['SLUICE_TICK', ''],
    ['SLUICE_TICK_COLOUR', ''],
    ['SLUICE_ROUTER_COLOUR', ''],
    ['SLUICE_TIK_BACH_SIZE', ', did you mean SLUICE_TICK_BATCH_SIZE?'],
    ['SLUICE_TICKBATCH_SIZE', ', did you mean SLUICE_TICK_BATCH_SIZE?'],
    ['SLUICE_ROUTR_SLICE_MS', ', did you mean SLUICE_ROUTER_SLICE_MS?'],
    ['SLUICE_TICKFAST_PRIORITY', ', did you mean SLUICE_TICK_FAST_PRIORITY?'],
  ])('%s was meant for us', async (variable, hint) => {
    expect(await mistakesOf(() => load({ [variable]: '5' }))).toEqual([
      `${variable}: must name a field of the router or of a channel (tick, tick-fast)${hint}`,
    ]);
  });

  test('19.19 thousands of variables that were meant for thousands of channels are told in a second', async () => {
    const names = Array.from({ length: 3_000 }, (_, index) => `c${index}`);
    const variables = Object.fromEntries(names.map((name) => [`SLUICE_${name.toUpperCase()}_BATCH_SIZ`, '5']));
    const text = `channels:\n${names.map((name) => `  ${name}: {}`).join('\n')}\n`;
    const mistakes = await mistakesOf(() => load(variables, text));
    expect(mistakes[0]).toMatch(/^SLUICE_C0_BATCH_SIZ: must name .*, did you mean SLUICE_C0_BATCH_SIZE\?$/);
    expect(mistakes).toHaveLength(100);
  }, 15_000);
});
