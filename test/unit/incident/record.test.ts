import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Incident, parseIncident } from '../../../src/cli/incident-file.ts';
import { rerun } from '../../../src/cli/rerun.ts';
import type { IncidentHeader, IncidentRecord } from '../../../src/incident/record.ts';
import { Recorder } from '../../../src/incident/recorder.ts';
import { IncidentRing } from '../../../src/incident/ring.ts';
import { linesOf } from '../../../src/incident/text.ts';
import { createRouter, type Logger, ProcessingChannel } from '../../../src/index.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { createRig, hang, message, type RigOptions, type RouterRig } from '../../support/router-rig.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-record-'));
});
afterAll(() => rm(directory, { recursive: true }));

function recorded(options: RigOptions = {}): Promise<RouterRig> {
  return createRig({ recordIncident: { last: 100_000, directory, filesMax: 0 }, ...options });
}

async function fileOf({ router }: RouterRig): Promise<Incident> {
  return parseIncident(await readFile(await router.writeIncident(), 'utf8'));
}

async function differenceOf(file: Incident) {
  const { start } = file.header;
  if (start === null) throw new Error('it has a beginning');
  return (await rerun(file, start)).difference;
}

it('a ring holds the last records it had room for, in their order', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 30 }), (capacity, count) => {
      const ring = new IncidentRing(capacity);
      const records = Array.from({ length: count }, (_, at): IncidentRecord => ({ is: 'now', at }));
      for (const record of records) ring.add(record);
      expect(ring.all()).toEqual(records.slice(-capacity));
      expect([ring.total, ring.first]).toEqual([count, Math.max(0, count - capacity)]);
    }),
  ));

describe('a file', () => {
  /** What a file of these records gives back. */
  function parsed(records: readonly IncidentRecord[], first = 0): Incident {
    const head = { sluice: 'incident', version: 1, writtenAt: '', why: [], first, rules: 0, start: null } as const;
    const header: IncidentHeader = { ...head, obstacle: 'none' };
    const end = { is: 'end', step: first + records.length, state: 'running', unroutable: 0, slots: {} } as const;
    return parseIncident([...linesOf(header, records, end)].join(''));
  }

  // As JSON has it, where there is no 0 below 0.
  const json = fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)));
  const value = fc.oneof(json, fc.bigInt(), fc.constant(undefined), fc.record({ error: json, size: fc.bigInt() }));
  const record = fc.oneof(
    fc.nat(9).map((at): IncidentRecord => ({ is: 'now', at })),
    value.map((message): IncidentRecord => ({ is: 'route', message })),
    value.map((payload): IncidentRecord => ({ is: 'validate', channel: 'tick', payload })),
    fc.array(value).map((args): IncidentRecord => ({ is: 'call', name: 'stop', args })),
  );

  it('gives back every record, with messages of whatever JSON can hold, bigints and nothing at all', () =>
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), fc.nat(9), (records, first) => {
        const expected = records.map((each, index) => ({ ...each, step: first + index }));
        expect(parsed(records, first).steps).toEqual(expected);
      }),
    ));

  it('shares a line among readings in a row, fifty at most, and loses none', () => {
    const readings = Array.from({ length: 120 }, (_, at): IncidentRecord => ({ is: 'now', at }));
    expect(parsed(readings).steps).toEqual(readings.map((each, step) => ({ ...each, step })));
    const end = { is: 'end', step: 0, state: '', unroutable: 0, slots: {} } as const;
    const head = { sluice: 'incident', version: 1, writtenAt: '', why: [], first: 0, rules: 0 } as const;
    expect([...linesOf({ ...head, start: null, obstacle: '' }, readings, end)]).toHaveLength(1 + 3 + 1);
  });

  const loop: Record<string, unknown> = {};
  loop.self = loop;
  const angry = {
    toJSON() {
      throw new Error('not this one');
    },
  };
  it.each([
    ['a loop', loop],
    ['what throws when it is read', angry],
    ['a function', () => {}],
    ['a symbol', Symbol('x')],
  ])('holds an object without fields for %s, and the records around it', (_, unreadable) => {
    const around: IncidentRecord = { is: 'route', message: 1 };
    const file = parsed([
      around,
      { is: 'route', message: unreadable },
      { is: 'call', name: 'x', args: [unreadable] },
      around,
    ]);
    expect(file.steps.map((step) => ('message' in step ? step.message : 'args' in step && step.args))).toEqual([
      ...[1, {}, [{}], 1],
    ]);
  });

  const unreadableError = new Proxy(
    {},
    {
      get() {
        throw new Error('hands off');
      },
    },
  );
  it.each([
    ['an Error', new TypeError('bad'), { name: 'TypeError', text: 'bad' }],
    ['advice', { retryable: false, retryAfterMs: 5 }, { retryable: false, retryAfterMs: 5 }],
    ['a text', 'down', { thrown: 'down' }],
    ['nothing', undefined, { thrown: 'undefined' }],
    ['an Error with a loop for its text', { message: loop }, {}],
    ['what throws when it is read', unreadableError, { thrown: 'an error that throws when it is read' }],
  ])('holds of an error what is read of it: %s', (_, error, expected) => {
    expect(parsed([{ is: 'return', call: 1, error }]).steps).toEqual([
      { is: 'return', call: 1, error: expected, step: 0 },
    ]);
  });
});

describe('a recorded router', () => {
  it('takes in what it takes in unrecorded, also by `validate`, a promise of which is refused', async () => {
    class Doubling extends ProcessingChannel<number> {
      override validate(message: unknown): number {
        if (message === 3) return Promise.resolve(3) as never;
        return Number(message) * 2;
      }
      override process(): void {}
    }
    const rig = await recorded({ channels: { tick: {} }, classes: { tick: () => new Doubling() } });
    const outcomes = [1, 2, 3].map((n) => rig.router.route(n, { dataType: 'tick' }));
    expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'rejected']);
    await rig.stop();
    const file = await fileOf(rig);
    const payloads = file.steps.flatMap((step) => (step.is === 'validate' ? [step.payload] : []));
    expect(payloads).toEqual([2, 4, undefined]);
    expect(await differenceOf(file)).toBeUndefined();
  });

  it('comes out the same with one instance for every life of a channel', async () => {
    let made = 0;
    const emitted: unknown[] = [];
    class Only extends ProcessingChannel<unknown, string> {
      override warmUp(): void {
        made += 1;
      }
      override process(_batch: readonly unknown[], context: { emit(event: string): void }): void | Promise<void> {
        context.emit('once');
        if (made === 1) return new Promise<void>(() => {});
      }
    }
    const only = new Only();
    const limits = { batchSize: 1, processTimeoutMs: 50, abandonAfterMs: 50 };
    const rig = await recorded({ channels: { tick: limits }, classes: { tick: () => only } });
    rig.router.events.on('event', ({ event }) => void emitted.push(event));
    rig.router.route(message('tick', 1));
    await rig.advance(5_000);
    await rig.stop();
    expect([made, emitted]).toEqual([2, ['once', 'once']]);
    const file = await fileOf(rig);
    expect(file.steps.filter(({ is }) => is === 'emit')).toHaveLength(2);
    expect(await differenceOf(file)).toBeUndefined();
  });

  it('is refused for the same mistakes in the same words', () => {
    class Trades extends ProcessingChannel<unknown> {
      override process(): void {}
    }
    for (const channels of [undefined, {}, { tick: Trades }, { tick: 'Trades' }]) {
      const told = [undefined, { last: 100, directory }].map((recordIncident) => {
        try {
          // What a host without types may write.
          createRouter({ channels, ...(recordIncident && { recordIncident }) } as never);
          return 'nothing';
        } catch (error) {
          return String(error);
        }
      });
      expect(told[1]).toBe(told[0]);
      expect(told[0]).toMatch(/^SluiceError: channels/);
    }
  });

  it('waits no longer for a timer or an immediate that is cleared, and neither comes', async () => {
    const own = createSimulatedClock();
    const recorder = new Recorder(100);
    const clock = recorder.clock(own);
    const fired: string[] = [];
    const timers = [clock.setTimeout(() => fired.push('timer'), 5), clock.setTimeout(() => fired.push('left'), 5)];
    const immediate = clock.setImmediate(() => fired.push('immediate'));
    expect(recorder.timers.size).toBe(3);
    clock.clearTimeout(timers[0]);
    clock.clearImmediate(immediate);
    clock.clearTimeout(undefined);
    expect(recorder.timers.size).toBe(1);
    await own.advance(10);
    expect([fired, recorder.timers.size]).toEqual([['left'], 0]);
  });
});

describe('what is asked to be written', () => {
  it('in one turn is one file, with the first twenty reasons', async () => {
    const { router } = await recorded();
    const files = await Promise.all(Array.from({ length: 25 }, (_, n) => router.writeIncident(`reason ${n}`)));
    expect(new Set(files).size).toBe(1);
    const { header } = parseIncident(await readFile(files[0] ?? '', 'utf8'));
    expect(header.why).toEqual(Array.from({ length: 20 }, (_, n) => `reason ${n}`));
  });

  it('and cannot be is told to the log once, and to a host who asks as well', async () => {
    const logged: unknown[] = [];
    const log = (fields: unknown, text?: string): void => void logged.push([fields, text]);
    const logger: Logger = { debug() {}, info() {}, warn() {}, error: log, child: () => logger };
    const place = join(directory, 'a file');
    await writeFile(place, '');
    const rig = await recorded({
      channels: { tick: { batchSize: 1, processTimeoutMs: 50, abandonAfterMs: 50 } },
      logger,
      recordIncident: { last: 100_000, directory: join(place, 'below'), filesMax: 1 },
    });
    rig.sink('tick').script.push(hang);
    rig.router.route(message('tick', 1));
    await rig.advance(1_000);
    await expect(rig.router.writeIncident()).rejects.toThrow('ENOTDIR');
    const told = logged.filter((each) => JSON.stringify(each).includes('incident'));
    expect(told).toEqual([
      [{ error: expect.anything(), why: expect.stringContaining('tick') }, 'incident could not be written'],
    ]);
    expect(await readdir(directory)).not.toContain('below');
  });
});
