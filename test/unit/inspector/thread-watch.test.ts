import { describe, expect, it } from 'vitest';
import { Counter, createCounters } from '../../../src/core/counters.ts';
import type { Everything, Question } from '../../../src/inspector/thread-link.ts';
import { ThreadWatch } from '../../../src/inspector/thread-watch.ts';
import { readRouter } from '../../../src/metrics/reading.ts';
import { createTestRouter, messages } from '../../../src/testing/index.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { valueIn } from '../../support/exposition.ts';

/** A watch over a main thread that answers when the test says so, and what it was asked. */
async function createWatch() {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const counters = createCounters();
  const known: Everything = { reading: readRouter(rig.router), counters: { tick: [counters] } };
  const clock = createSimulatedClock();
  const asked: Question[] = [];
  const watch = new ThreadWatch(known, (question) => asked.push(question), clock, 1_000);
  return { rig, clock, asked, watch, counters, known };
}

describe('a main thread that does not answer', () => {
  it('is asked once, however long it is silent and however often it is scraped', async () => {
    const { clock, asked, watch } = await createWatch();
    for (let n = 0; n < 100; n += 1) {
      const scraped = watch.metrics();
      await clock.advance(100);
      await scraped;
    }
    expect(asked).toEqual(['beat', 'reading']);
  });

  it('is stuck from the limit on, and not before', async () => {
    const { clock, watch } = await createWatch();
    await clock.advance(999);
    expect(watch.isStuck).toBe(false);
    await clock.advance(1);
    expect(watch.isStuck).toBe(true);
    expect(watch.silentMs).toBe(1_000);
    // Without waiting any more.
    expect((await watch.health()).mainThread).toEqual({
      stuck: true,
      silentMs: 1_000,
      text: 'The main thread is stuck: no answer for 1.0 s; no call of process is running.',
      inFlight: {},
    });
  });

  it('is told with the channels whose messages it has, as they are counted at that moment', async () => {
    const { clock, watch, counters } = await createWatch();
    await clock.advance(1_500);
    counters[Counter.inFlight] = 3;
    expect((await watch.health()).mainThread).toMatchObject({
      text: 'The main thread is stuck: no answer for 1.5 s; process has messages of tick.',
      inFlight: { tick: 3 },
    });
  });

  it('is not stuck any more with its answer, and the next silence counts anew', async () => {
    const { clock, asked, watch, known } = await createWatch();
    await clock.advance(5_000);
    watch.hear({ to: 'beat', health: known.reading.health });
    expect([watch.isStuck, watch.silentMs]).toEqual([false, 0]);
    await clock.advance(250);
    expect(asked).toEqual(['beat', 'beat']);
    await clock.advance(999);
    expect(watch.isStuck).toBe(false);
    await clock.advance(251);
    expect(watch.isStuck).toBe(true);
  });
});

describe('a scrape', () => {
  it('waits for the answer, and not longer than 20 ms', async () => {
    const { rig, clock, watch, known } = await createWatch();
    let text = '';
    const scraped = watch.metrics().then((metrics) => {
      text = metrics;
    });
    await clock.advance(19);
    expect(text).toBe('');
    await clock.advance(1);
    await scraped;
    expect(valueIn(text, 'sluice_router_messages_unroutable_total')).toBe(0);
    rig.router.routeAll(messages('nobody', 3));
    watch.hear({ to: 'reading', health: known.reading.health, all: { ...known, reading: readRouter(rig.router) } });
    const next = watch.metrics();
    await clock.advance(20);
    expect(valueIn(await next, 'sluice_router_messages_unroutable_total')).toBe(3);
  });

  it('reads the counters at that moment; a count whose reason is not known yet has the reason unknown', async () => {
    const { clock, watch, counters } = await createWatch();
    counters[Counter.accepted] = 8;
    counters[Counter.rejected] = 2;
    counters[Counter.delivered] = 3;
    counters[Counter.inFlight] = 1;
    const scraped = watch.metrics();
    await clock.advance(20);
    const text = await scraped;
    expect(valueIn(text, 'sluice_messages_buffered')).toBe(4);
    expect(valueIn(text, 'sluice_messages_rejected_total')).toBe(2);
    expect(valueIn(text, 'sluice_messages_rejected_total', { reason: 'unknown' })).toBe(2);
  });

  it('never shows fewer than no messages, however the counters are caught', async () => {
    const { clock, watch, counters } = await createWatch();
    counters[Counter.delivered] = 5;
    counters[Counter.accepted] = 4;
    const scraped = watch.metrics();
    await clock.advance(20);
    expect(valueIn(await scraped, 'sluice_messages_buffered')).toBe(0);
  });
});
