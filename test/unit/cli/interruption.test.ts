import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createInterruption } from '../../../src/cli/interruption.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

function setUp(forMs?: number) {
  const signals = new EventEmitter();
  const exits: number[] = [];
  const clock = createSimulatedClock();
  const terminal = { signals, exit: (code: number) => exits.push(code) } as unknown as Terminal; // All it looks at.
  return { signals, exits, clock, interruption: createInterruption(terminal, clock, forMs) };
}

describe('interruption', () => {
  test('the first Ctrl-C stops the feed, the second one the process', () => {
    const { signals, exits, interruption } = setUp();
    signals.emit('SIGINT');
    expect([interruption.signal.aborted, exits]).toEqual([true, []]);
    signals.emit('SIGINT');
    expect(exits).toEqual([130]);
  });

  test.each(['SIGTERM', 'SIGHUP'])('%s stops the feed, and never the process', (name) => {
    const { signals, exits, interruption } = setUp();
    for (let count = 0; count < 3; count += 1) signals.emit(name);
    expect([interruption.signal.aborted, exits]).toEqual([true, []]);
  });

  test('a Ctrl-C after the time is over does not cut the draining short', async () => {
    const { signals, exits, clock, interruption } = setUp(500);
    await clock.advance(499);
    expect(interruption.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(interruption.signal.aborted).toBe(true);
    signals.emit('SIGINT');
    expect(exits).toEqual([]);
  });

  test('a released interruption leaves no listener and no timer', () => {
    const { signals, clock, interruption } = setUp(500);
    interruption.release();
    expect([signals.eventNames(), clock.pending]).toEqual([[], 0]);
  });
});
