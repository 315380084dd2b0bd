import { beforeEach, describe, expect, it } from 'vitest';
import { Bus } from '../../../src/facts/bus.ts';
import { Ending } from '../../../src/facts/ending.ts';
import type { RouterEvents } from '../../../src/facts/events.ts';
import { containLogger, type Logger, logFacts } from '../../../src/facts/logging.ts';
import { partsOf } from '../../../src/router/router.ts';
import type { SimulatedClock } from '../../../src/testing/index.ts';
import { createSimulatedClock, createTestRouter, fail, message, messages, reject } from '../../../src/testing/index.ts';
import { deliveredAfter, routeAndAdvance } from '../../support/routed.ts';

interface Line {
  readonly level: string;
  readonly channel: unknown;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** Keeps what is written, and how often a child was asked for. */
function createMemoryLogger() {
  const lines: Line[] = [];
  const children: unknown[] = [];
  const make = (channel: unknown): Logger => {
    const write = (level: string) => (fields: object, text: string) =>
      void lines.push({ level, channel, message: text, fields: { ...fields } });
    return {
      ...{ debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
      child(bindings) {
        children.push(bindings);
        return make(bindings.channel);
      },
    };
  };
  return { logger: make(undefined), lines, children };
}

/** Throws whatever is asked of it; with `childrenToo: false` at least its children work. */
function createBrokenLogger(child: Logger['child'] = breaks): Logger {
  return { debug: breaks, info: breaks, warn: breaks, error: breaks, child };
}

function breaks(): never {
  throw new Error('disk full');
}

let bus: Bus;
let clock: SimulatedClock;
let ending: Ending;
beforeEach(() => {
  clock = createSimulatedClock();
  bus = new Bus(clock);
  ending = new Ending();
});

/** What is written of the facts of the bus. */
function logged() {
  const memory = createMemoryLogger();
  logFacts(bus, memory.logger, clock, ending);
  return memory;
}

const letter = { id: 1, channel: 'tick', message: {}, error: new Error('x'), attempts: 1, at: 0 } as const;
const entered = { from: 'idle', to: 'flushing', cause: 'batch.full', error: undefined } as const;

describe('R5.3 facts', () => {
  it.each<[keyof RouterEvents, RouterEvents[keyof RouterEvents], string]>([
    ['router.entered', { from: null, to: 'running', cause: 'channel.warmed' }, 'info'],
    ['channel.entered', { channel: 'tick', ...entered }, 'debug'],
    ['feed.entered', { feed: 'nyse', ...entered, to: 'streaming' }, 'debug'],
    ['feed.entered', { feed: 'nyse', ...entered, to: 'waiting' }, 'warn'],
    ['channel.restarted', { channel: 'tick', n: 1, withinMs: 60_000 }, 'warn'],
    ['channel.gaveUp', { channel: 'tick', restarts: 5, error: new Error('x') }, 'error'],
    ['batch.failed', { channel: 'tick', size: 1, attempt: 1, error: 'x', isTimedOut: false }, 'warn'],
    ['breaker.closed', { channel: 'tick', cause: 'operator' }, 'info'],
    ['callback.failed', { place: 'listener', channel: null, error: new Error('x') }, 'error'],
    ['message.rejected', { channel: 'tick', reason: 'mailbox-full', message: {}, error: undefined }, 'warn'],
    ['message.deadLettered', { ...letter, reason: 'poison' }, 'error'],
  ])('%s is written, as loud as it matters', (type, fact, level) => {
    const { lines } = logged();
    bus.publish(type, fact);
    expect(lines).toMatchObject([{ level, message: type }]);
  });

  it.each<[keyof RouterEvents, RouterEvents[keyof RouterEvents]]>([
    ['batch.flushed', { channel: 'tick', trigger: 'size', size: 1, ageMs: 0, durationMs: 0, attempt: 1 }],
    ['event', { channel: 'tick', event: {} }],
    ['message.dropped', { channel: 'tick', key: 'A', from: 1, to: 2, count: 1, reason: 'conflated' }],
    // `message.rejected` says so already.
    ['message.deadLettered', { ...letter, reason: 'invalid' }],
  ])('%s, which would say nothing new, is not', (type, fact) => {
    const { lines } = logged();
    bus.publish(type, fact);
    expect(lines).toEqual([]);
  });

  it('of a channel go to a child logger of its own, which is made once', () => {
    const { lines, children } = logged();
    for (const channel of ['tick', 'fmv/1', 'tick']) bus.publish('channel.entered', { channel, ...entered });
    bus.publish('callback.failed', { place: 'rule', channel: null, error: new Error('x') });
    expect(children).toEqual([{ channel: 'tick' }, { channel: 'fmv/1' }]);
    expect(lines.map(({ channel }) => channel)).toEqual(['tick', 'fmv/1', 'tick', undefined]);
  });

  it('tell causes and errors in words', () => {
    const { lines } = logged();
    bus.publish('channel.entered', { channel: 'tick', ...entered, error: new Error('no connection') });
    expect(lines[0]?.fields).toEqual({
      from: 'idle',
      to: 'flushing',
      cause: 'a batch was full',
      err: new Error('no connection'),
    });
  });

  it('hand the error itself over, so that a serializer finds its stack and its cause', () => {
    const { lines } = logged();
    const error = new TypeError('fetch failed', { cause: new Error('no route') });
    bus.publish('batch.failed', { channel: 'tick', size: 1, attempt: 1, error, isTimedOut: false });
    bus.publish('batch.failed', { channel: 'tick', size: 1, attempt: 1, error: { status: 503 }, isTimedOut: false });
    expect(lines[0]?.fields.err).toBe(error);
    expect(lines[1]?.fields.err).toEqual(new Error('{"status":503}'));
  });

  it('show no message and no secret', async () => {
    const { logger, lines } = createMemoryLogger();
    const rig = await createTestRouter({ sinks: { tick: {} }, logger });
    rig.sink('tick').otherwise = reject(Object.assign(new Error('malformed'), { retryable: false }));
    rig.router.routeAll([
      { ev: 'Q', note: 'hunter2' },
      { ...message('tick', 1), note: 'hunter2' },
    ]);
    await rig.advance(10);
    const rules = { apiKey: 'hunter2', url: 'https://me:hunter2@feed' };
    await rig.router.reconfigure({ channels: { tick: { eventRules: rules } } });
    await rig.router.reconfigure({ channels: { tick: { eventRules: { ...rules, limit: 1 } } } });
    const secret = { tick: { eventRules: 5 as never, breaker: { apiToken: 'hunter2' } as never } };
    await rig.router.reconfigure({ channels: secret }).catch(() => {});
    expect(lines.map(({ message: type }) => type)).toEqual(
      expect.arrayContaining(['message.rejected', 'message.deadLettered', 'config.applied', 'config.rejected']),
    );
    const text = JSON.stringify(lines.map(({ fields }) => ({ ...fields, err: String(fields.err) })));
    expect(text).not.toContain('hunter2');
  });
});

describe('R5.3 what traffic causes', () => {
  const more = (lines: readonly Line[]) => lines.filter(({ fields }) => 'more' in fields);

  it('is written ten times in ten seconds, and then how often it was', async () => {
    const { logger, lines } = createMemoryLogger();
    const broken = (): never => {
      throw new Error('no opinion');
    };
    const rig = await createTestRouter({ sinks: { tick: {} }, logger, recognize: [broken] });
    for (let second = 0; second < 30; second += 1)
      await routeAndAdvance(rig, [...messages('tick', 500), ...Array.from({ length: 500 }, () => null)], 1_000);
    const written = (text: string): Line[] => lines.filter(({ message: line }) => line === text);
    // The first period begins with the first line: of each second there are three whole periods.
    expect([written('callback.failed').length, written('message.rejected').length]).toEqual([30, 30]);
    expect(lines.filter(({ level }) => level === 'debug').length).toBeLessThan(200);
    const summary = more(lines).filter(({ message: line }) => line.startsWith('message.rejected'));
    expect(summary.map(({ message: line }) => line)).toEqual(
      Array(3).fill('message.rejected: … and 4,990 more in 10 s'),
    );
    expect(summary[0]).toMatchObject({ level: 'warn', fields: { reason: 'unknown-type', more: 4_990 } });
    await rig.stop();
    expect(rig.clock.pending).toBe(0);
  });

  it('is counted to the end: a stop tells what was not told yet, and no timer stays', async () => {
    const { logger, lines } = createMemoryLogger();
    const rig = await createTestRouter({ sinks: { tick: {} }, logger });
    rig.router.routeAll(Array.from({ length: 50 }, () => null));
    const lost = { feed: 'nyse', from: 'streaming', to: 'waiting', cause: 'socket.closed', error: undefined };
    for (let left = 15; left > 0; left -= 1) partsOf(rig.router).services.bus.publish('feed.entered', lost);
    await rig.stop();
    // As loud as the lines that it stands for.
    expect(more(lines)).toMatchObject([{ fields: { more: 40 } }, { level: 'warn', fields: { more: 5, feed: 'nyse' } }]);
    expect(rig.clock.pending).toBe(0);
    rig.router.routeAll(Array.from({ length: 50 }, () => message('tick', 1)));
    expect(rig.clock.pending).toBe(0);
  });

  it('of one channel or reason hides no other', () => {
    const { lines } = logged();
    for (const channel of ['tick', 'fmv'])
      for (const reason of ['invalid', 'mailbox-full'] as const)
        for (let n = 0; n < 20; n += 1)
          bus.publish('message.rejected', { channel, reason, message: n, error: undefined });
    expect(lines).toHaveLength(40);
  });

  it('in thousands of channels at once is bounded as well, and counted', async () => {
    const { lines } = logged();
    for (let n = 0; n < 5_000; n += 1)
      bus.publish('batch.failed', { channel: `c${n}`, size: 1, attempt: 1, error: 'x', isTimedOut: false });
    expect(lines).toHaveLength(1_000);
    await clock.advance(10_000);
    expect(lines.at(-1)).toMatchObject({ channel: undefined, fields: { more: 4_000, withinMs: 10_000 } });
  });
});

describe('S6 a logger that throws', () => {
  it.each(levels)('at %s is counted and told, and the caller goes on', (level) => {
    const told: unknown[] = [];
    bus.emitter.on('callback.failed', (failure) => told.push(failure));
    containLogger(createBrokenLogger(), bus)[level]({}, 'text');
    expect(bus.faults.logger).toBe(1);
    expect(told).toEqual([{ place: 'logger', channel: null, error: new Error('disk full') }]);
  });

  it('when a child is asked for is counted, and the child is silent', () => {
    const child = containLogger(createBrokenLogger(), bus).child({ channel: 'tick' });
    for (const level of levels) child[level]({}, 'text');
    expect(bus.faults.logger).toBe(1);
  });

  it('in a child is counted as well, also in a child of a child', () => {
    const logger = createBrokenLogger(() => logger);
    containLogger(logger, bus).child({}).child({}).info({}, 'text');
    expect(bus.faults.logger).toBe(1);
  });

  it('is not told that it is broken', () => {
    logFacts(bus, containLogger(createBrokenLogger(), bus), clock, ending);
    bus.publish('router.entered', { from: null, to: 'running', cause: 'test' });
    expect(bus.faults.logger).toBe(1);
  });

  it('costs no message, and a channel that logs notices nothing', async () => {
    const logger = createBrokenLogger(() => logger);
    const rig = await createTestRouter({ sinks: { tick: {} }, logger });
    rig.sink('tick').script.push(fail());
    expect(await deliveredAfter(rig, 'tick', 10_000, message('tick', 1))).toEqual([1]);
    const { conserved, faults } = rig.router.metrics();
    expect(conserved).toBe(true);
    expect(faults.logger).toBeGreaterThan(0);
    await rig.stop();
  });
});

it('R5.3 a router without a logger asks nobody', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  rig.sink('tick').script.push(fail());
  await routeAndAdvance(rig, message('tick', 1), 10_000);
  expect(rig.router.metrics().faults.logger).toBe(0);
});
