import { describe, expect, it } from 'vitest';
import { createInspector } from '../../src/inspector/index.ts';
import { createTestRouter } from '../../src/testing/index.ts';
import { FeedRig, fakeProfile } from '../support/feed-rig.ts';
import { browserNote, isWithoutBrowser, openPage } from './inspector-rig.ts';

const profile = fakeProfile({ recognize: { field: 'kind', types: { trade: 'tick' } } });

describe.skipIf(isWithoutBrowser)(`feeds in the inspector${browserNote}`, () => {
  it('four of them, one of which waits: cards, the chart, the sentence, the numbers and what happened', async () => {
    const rig = await createTestRouter({ isStarted: false, sinks: { tick: { batchSize: 10 } } });
    const feeds = ['binance', 'coinbase', 'kraken', 'us-stocks'].map((name) => {
      const feed = new FeedRig({
        ...{ name, profile, to: rig.router, clock: rig.clock },
        backoff: { delayMs: 40_000, factor: 1 },
      });
      rig.router.feeds.add(feed.feed);
      return feed;
    });
    const [binance, coinbase, , stocks] = feeds;
    const inspector = await createInspector(rig.router, { clock: rig.clock, allowControl: true });
    rig.router.start().catch(() => {});
    await rig.advance(1);
    for (const feed of feeds.slice(0, 3)) feed.resume();
    stocks?.socket.listener.ended({ is: 'refused', status: 401 });
    let n = 0;
    const pass = async (ms: number): Promise<void> => {
      for (const feed of feeds.slice(0, 3)) {
        if (feed.feed.state !== 'streaming') continue;
        const numbers = [n, n + 1, n + 2];
        feed.say(numbers.map((each) => ({ kind: 'trade', sym: 'A', n: each, at: rig.clock.wallTime() - 12 })));
      }
      n += 3;
      await rig.advance(ms);
    };
    for (let step = 0; step < 40; step += 1) await pass(250);
    n += 5;
    coinbase?.end(1006, '');
    const page = await openPage(1400, 1700);
    await page.goto(inspector.url);
    await page.locator('[data-feed="coinbase"] .open').click();
    const passing = (async () => {
      for (let step = 0; step < 20; step += 1) {
        await pass(100);
        await page.waitForTimeout(20);
      }
    })();
    await page.locator('#detail-title', { hasText: 'coinbase' }).waitFor();
    await passing;
    expect(await page.locator('[data-feed] .pill').allTextContents()).toEqual([
      'streaming',
      'waiting',
      'streaming',
      'failed',
    ]);
    expect(await page.locator('#sentence').textContent()).toMatch(
      /^Feed coinbase waits: .* Attempt 2 comes in 1\d s\.$/,
    );
    expect(await page.locator('svg.chart [data-state="waiting"]').getAttribute('class')).toContain('active');
    expect(await page.locator('#alert-list').textContent()).toMatch(/us-stocks: the service refused/);
    expect(await page.locator('#actions').isVisible()).toBe(false);
    await page.locator('#tab-numbers').click();
    expect(await page.locator('#pane caption').textContent()).toMatch(/^120 received = 120 delivered \+ 0 refused/);
    await page.locator('[data-feed="binance"] .open').click();
    await page.locator('#subscriptions-open').click();
    await page.locator('#subscriptions-list', { hasText: 'A: accepted' }).waitFor();
    await page.locator('#subscriptions-names').fill('B, C');
    await page.locator('#subscriptions button[value="subscribe"]').click();
    await page.locator('#notice', { hasText: 'subscribe: B, C. Done.' }).waitFor();
    expect(binance?.feed.view.subscriptions).toEqual({ A: 'accepted', B: 'asked', C: 'asked' });
    await page.locator('#tab-events').click();
    await page.locator('#pane', { hasText: 'gap: 5 messages are missing' }).waitFor();
    await page.locator('#tab-chart').click();
    expect(await page.locator('svg.chart [data-state="active.streaming"]').getAttribute('class')).toContain('active');
    expect(binance?.metrics.gaps.found).toBe(1);
    await inspector.close();
    await rig.stop({ deadlineMs: 100 });
  }, 60_000);
});
