import { describe, expect, it } from 'vitest';
import { createInspector } from '../../src/inspector/index.ts';
import { createSimulatedClock, createTestRouter, fail, messages, simulatedSource } from '../../src/testing/index.ts';
import { browserNote, isWithoutBrowser, openPage } from './inspector-rig.ts';

describe.skipIf(isWithoutBrowser)(`a source in the inspector${browserNote}`, () => {
  it('that is held shows its state, its chart, what holds it and its numbers', async () => {
    const clock = createSimulatedClock();
    const source = simulatedSource({ clock });
    const rig = await createTestRouter({
      clock,
      isStarted: false,
      sinks: {
        ohlcv: {
          batchSize: 2,
          capacity: 10,
          breaker: { minimumCalls: 2, coolDownMs: 300_000, coolDownMsMax: 300_000 },
        },
      },
      sources: { bars: { source, window: { frames: 8 } } },
    });
    const inspector = await createInspector(rig.router, { clock });
    rig.router.start().catch(() => {});
    for (let n = 0; n < 20; n += 1) source.append(messages('ohlcv', 2, 2 * n));
    await rig.advance(5_000);
    rig.sink('ohlcv').otherwise = fail(new Error('connect ECONNREFUSED 10.0.4.17:5432'));
    for (let n = 20; n < 60; n += 1) source.append(messages('ohlcv', 2, 2 * n));
    await rig.advance(70_000);
    const page = await openPage(1400, 1500);
    await page.goto(inspector.url);
    await page.locator('[data-source="bars"] .open').click();
    const passing = (async () => {
      for (let step = 0; step < 20; step += 1) {
        await rig.advance(100);
        await page.waitForTimeout(20);
      }
    })();
    await page.locator('#detail-title', { hasText: 'bars' }).waitFor();
    await passing;
    expect(await page.locator('#detail-state').textContent()).toBe('held');
    expect(await page.locator('#sentence').textContent()).toMatch(
      /^source bars has been held for .* in channel ohlcv, which is tripped/,
    );
    expect(await page.locator('svg.chart [data-state="ready.held"]').getAttribute('class')).toContain('active');
    expect(await page.locator('#alert-list').textContent()).toMatch(/bars: frame .* has not been settled/);
    await page.locator('#tab-numbers').click();
    expect(await page.locator('#pane caption').textContent()).toMatch(/^28 read = 20 committed \+ 0 left \+ 8 held$/);
    await page.locator('#tab-events').click();
    await page.locator('#pane li', { hasText: 'bars' }).first().waitFor();
    await inspector.close();
    await rig.stop({ deadlineMs: 100 });
  }, 60_000);
});
