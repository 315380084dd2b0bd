import { beforeEach, describe, expect, it } from 'vitest';
import { Bus } from '../../../src/facts/bus.ts';
import type { RouterEvents } from '../../../src/facts/events.ts';
import type { Logger } from '../../../src/facts/logging.ts';
import { containLogger, logFacts } from '../../../src/facts/logging.ts';
import { createSimulatedClock, createTestRouter, fail, message } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';

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
    const [debug, info, warn, error] = levels.map(write) as [
      Logger['debug'],
      Logger['info'],
      Logger['warn'],
      Logger['error'],
    ];
    return {
      ...{ debug, info, warn, error },
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
beforeEach(() => {
  bus = new Bus(createSimulatedClock());
});

const entered = { from: 'idle', to: 'flushing', cause: 'batch.full', error: undefined } as const;

describe('R5.3 facts', () => {
  it.each<[keyof RouterEvents, RouterEvents[keyof RouterEvents], string]>([
    ['router.entered', { from: null, to: 'running', cause: 'channel.warmed' }, 'info'],
    ['channel.entered', { channel: 'tick', ...entered }, 'debug'],
    ['channel.restarted', { channel: 'tick', n: 1, withinMs: 60_000 }, 'warn'],
    ['channel.gaveUp', { channel: 'tick', restarts: 5, error: new Error('x') }, 'error'],
    ['batch.failed', { channel: 'tick', size: 1, attempt: 1, error: 'x', isTimedOut: false }, 'warn'],
    ['breaker.closed', { channel: 'tick', cause: 'operator' }, 'info'],
    ['callback.failed', { place: 'listener', channel: null, error: new Error('x') }, 'error'],
  ])('%s is written, as loud as it matters', (type, fact, level) => {
    const { logger, lines } = createMemoryLogger();
    logFacts(bus, logger);
    bus.publish(type, fact);
    expect(lines).toMatchObject([{ level, message: type }]);
  });

  it.each<[keyof RouterEvents, RouterEvents[keyof RouterEvents]]>([
    ['batch.flushed', { channel: 'tick', trigger: 'size', size: 1, ageMs: 0, durationMs: 0, attempt: 1 }],
    ['message.rejected', { channel: 'tick', reason: 'mailbox-full', message: {} }],
    ['event', { channel: 'tick', event: {} }],
  ])('%s, which may come with every message, is not', (type, fact) => {
    const { logger, lines } = createMemoryLogger();
    logFacts(bus, logger);
    bus.publish(type, fact);
    expect(lines).toEqual([]);
  });

  it('of a channel go to a child logger of its own, which is made once', () => {
    const { logger, lines, children } = createMemoryLogger();
    logFacts(bus, logger);
    for (const channel of ['tick', 'fmv/1', 'tick']) bus.publish('channel.entered', { channel, ...entered });
    bus.publish('callback.failed', { place: 'rule', channel: null, error: new Error('x') });
    expect(children).toEqual([{ channel: 'tick' }, { channel: 'fmv/1' }]);
    expect(lines.map(({ channel }) => channel)).toEqual(['tick', 'fmv/1', 'tick', undefined]);
  });

  it('tell causes and errors in words', () => {
    const { logger, lines } = createMemoryLogger();
    logFacts(bus, logger);
    bus.publish('channel.entered', { channel: 'tick', ...entered, error: new Error('no connection') });
    expect(lines[0]?.fields).toEqual({
      from: 'idle',
      to: 'flushing',
      cause: 'a batch was full',
      error: 'no connection',
    });
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
    logFacts(bus, containLogger(createBrokenLogger(), bus));
    bus.publish('router.entered', { from: null, to: 'running', cause: 'test' });
    expect(bus.faults.logger).toBe(1);
  });

  it('costs no message, and a channel that logs notices nothing', async () => {
    const logger = createBrokenLogger(() => logger);
    const rig = await createTestRouter({ sinks: { tick: {} }, logger });
    rig.sink('tick').script.push(fail());
    rig.router.route(message('tick', 1));
    await rig.advance(10_000);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual([1]);
    const { conserved, faults } = rig.router.metrics();
    expect(conserved).toBe(true);
    expect(faults.logger).toBeGreaterThan(0);
    await rig.stop();
  });
});

it('R5.3 a router without a logger asks nobody', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  rig.sink('tick').script.push(fail());
  rig.router.route(message('tick', 1));
  await rig.advance(10_000);
  expect(rig.router.metrics().faults.logger).toBe(0);
});
