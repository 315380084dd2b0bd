import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { defineChannel } from '../../src/index.ts';
import { createInspector, type Inspector } from '../../src/inspector/index.ts';
import type { TestRouter, TestRouterOptions } from '../../src/testing/index.ts';
import { createTestRouter, message, messages, reject } from '../../src/testing/index.ts';
import { browserNote, card, isWithoutBrowser, launchBrowser, watchPage } from './inspector-rig.ts';

let browser: Browser;
let rig: TestRouter;
let inspector: Inspector;
let page: Page;
let wrong: string[];

/** A router on a simulated clock, and a page that may be opened to it. */
async function watched(options: TestRouterOptions): Promise<void> {
  rig = await createTestRouter(options);
  inspector = await createInspector(rig.router, {
    clock: rig.clock,
    allowControl: true,
    showPayloads: true,
    onDrained: () => {},
  });
  page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
  page.setDefaultTimeout(100_000);
  wrong = watchPage(page);
}

async function open(): Promise<void> {
  await page.goto(inspector.url);
  await page.locator('#connection', { hasText: 'live' }).waitFor();
}

/** Lets time pass until the page has come to show this. */
async function shows(selector: string, text: string | RegExp): Promise<void> {
  const shown = page.locator(selector, { hasText: text }).first();
  const isShown = async (): Promise<boolean> => {
    await rig.clock.advance(250);
    return (await shown.count()) > 0;
  };
  await expect.poll(isShown, { timeout: 60_000 }).toBe(true);
}

async function isGone(channel: string): Promise<void> {
  await rig.clock.advance(250);
  await card(page, channel).waitFor({ state: 'detached' });
}

/** Gives an order, and says what was to be confirmed. */
async function confirmed(order: string): Promise<string | null> {
  await page.getByRole('button', { name: order, exact: true }).click();
  const warning = await page.locator('#confirm-text').textContent();
  await page.locator('#confirm-go').click();
  return warning;
}

async function select(channel: string): Promise<void> {
  await card(page, channel).getByRole('button').click();
}

describe.skipIf(isWithoutBrowser)(`the page of a router in trouble${browserNote}`, () => {
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await page.close();
    await inspector.close();
  });

  it('shows partitions, mailboxes that fill, more channels than lanes, and what is about no channel', async () => {
    const limits = { warmUpTimeoutMs: 3_600_000 };
    const more = Array.from({ length: 8 }, (_, index) => [`more-${index}`, { dataType: `more-${index}`, ...limits }]);
    let warm = (): void => {};
    const warmed = new Promise<void>((resolve) => {
      warm = resolve;
    });
    await watched({
      isStarted: false,
      sinks: {
        tick: { partitions: 2, capacity: 10, batchSize: 1 },
        ohlcv: { breaker: false, capacity: 10, batchSize: 1 },
        ...Object.fromEntries(more.slice(1)),
      },
      channels: { 'more-0': defineChannel({ warmUp: () => warmed, process() {} }) },
      config: { router: { deadLetters: { capacity: 3 } }, channels: Object.fromEntries(more.slice(0, 1)) },
    });
    const started = rig.router.start();
    await open();
    await page.locator('#tab-router').click();
    await shows('#pane', 'Now starting. Last transition: the start → starting');
    warm();
    await started;
    await page.locator('#tab-chart').click();
    rig.router.pause('tick');
    rig.router.pause('ohlcv');
    for (let n = 0; n < 40; n += 1) rig.router.route(message('tick', n, `S${n}`));
    rig.router.routeAll(messages('ohlcv', 6));
    rig.router.restart('more-1');
    for (let n = 0; n < 5; n += 1) rig.router.route({ n });
    await expect(rig.router.reconfigure({ channels: { tick: { batchSize: 0 } } })).rejects.toThrow('batchSize');
    await shows('#totals', '3 (2 evicted)');
    await shows('#alerts', 'router: 1 mistake in the configuration');
    await shows('#lanes', 'and 2 more channels');
    await shows('li[data-channel=tick]', '20 of 20 waiting');
    expect(await card(page, 'tick').locator('.fill').getAttribute('data-tone')).toBe('bad');
    expect(await card(page, 'ohlcv').locator('.fill').getAttribute('data-tone')).toBe('wait');
    expect(await card(page, 'ohlcv').locator('dl').textContent()).toContain('breakernone');
    expect(await card(page, 'more-1').locator('dl').textContent()).toContain('restarts1');
    await select('tick');
    await shows('#pane', /Now 2 × paused\. Last transition: tick\/\d \w+ → paused/);
    await page.locator('#tab-events').click();
    await shows('.events li', /^\d\d:\d\d:\d\drouter.*start → starting/);
    await page.locator('#tab-letters').click();
    await shows('#pane th', 'message');
    await shows('#pane code', '{"n":4}');
    const { metrics } = rig.router;
    rig.router.metrics = () => ({ ...metrics.call(rig.router), conserved: false });
    await shows('#totals', 'NOT ALL');
    rig.router.metrics = metrics;
    rig.router.add('late', rig.sink('late').channel, { dataType: 'late' });
    rig.router.pause('late');
    // A lane goes back to before it was there.
    await shows('.lane-row', 'late');
    const removed = rig.router.remove('late');
    await rig.advanceUntil(removed);
    await isGone('late');
    expect(wrong).toEqual([]);
    await page.locator('#tab-numbers').click();
    await rig.stop({ deadlineMs: 0 });
    await page.locator('#pane', { hasText: '+ 20 handed back' }).waitFor();
  });

  it('says what an order will do, what became of it, and why one was refused', async () => {
    await watched({ sinks: { tick: { batchSize: 1 }, ohlcv: { breaker: false } } });
    await open();
    const asked: (string | null)[] = [];
    const order = async (name: string): Promise<void> => void asked.push(await confirmed(name));
    await select('ohlcv');
    await shows('#detail-title', 'ohlcv');
    await order('Trip breaker');
    await shows('#notice', /Trip breaker: ohlcv\. Refused: .*has no breaker/);
    await page.route('**/operate', (route) => route.abort());
    await order('Flush');
    await shows('#notice', 'Flush: ohlcv. Refused: the router cannot be reached');
    await page.unroute('**/operate');
    for (const name of ['Flush', 'Restart']) {
      await order(name);
      await shows('#notice', `${name}: ohlcv. Done.`);
    }
    await select('tick');
    await shows('#detail-title', 'tick');
    await order('Reset breaker');
    await shows('#notice', 'Reset breaker: tick. Done.');
    await select('ohlcv');
    await shows('#detail-title', 'ohlcv');
    await order('Drain and remove');
    await shows('#notice', 'Drain and remove: ohlcv. Done.');
    await isGone('ohlcv');
    await rig.advanceUntil(rig.router.remove('tick'));
    await isGone('tick');
    await expect.poll(() => page.locator('#detail-title').textContent(), { timeout: 60_000 }).toBe('');
    expect(asked).toEqual([
      expect.stringMatching(/^The breaker opens/),
      ...Array(2).fill('The 0 waiting messages become due at once, batch by batch.'),
      'A new instance replaces the channel. The 0 messages in flight are delivered again.',
      'The breaker closes and forgets its history.',
      expect.stringMatching(/^The channel accepts no more messages, delivers the 0 that wait and is then removed/),
    ]);
  });

  it('asks again for dead letters it could not get, and what comes too late is not shown', async () => {
    await watched({ sinks: { tick: { batchSize: 1 }, ohlcv: {} } });
    await open();
    rig.sink('tick').script.push(reject(Object.assign(new Error(''), { retryable: false })));
    rig.router.route(message('tick', 1));
    await rig.clock.advance(250);
    await select('tick');
    await shows('#detail-title', 'tick');
    await confirmed('Flush');
    await shows('#notice', 'Flush: tick. Done.');
    let goOn = (): void => {};
    const others = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const answers: ((route: Route) => Promise<void>)[] = [
      (route) => route.abort(),
      (route) => route.fulfill({ status: 500, body: 'planted' }),
      (route) => others.then(() => route.continue()),
    ];
    const asks: string[] = [];
    await page.route('**/dead-letters?*', (route) => {
      asks.push(route.request().url().replace(/.*=/, ''));
      if (asks.includes('ohlcv')) goOn();
      return (answers.shift() ?? ((each) => each.continue()))(route);
    });
    await page.locator('#tab-letters').click();
    const asksSoFar = async (): Promise<string[]> => {
      await rig.clock.advance(250);
      return asks;
    };
    await expect.poll(asksSoFar, { timeout: 60_000 }).toEqual(['tick', '', 'tick', '']);
    await select('ohlcv');
    await expect.poll(asksSoFar, { timeout: 60_000 }).toContain('ohlcv');
    await select('tick');
    await shows('#pane td', /^Error$/);
    // After six seconds that is no news any more.
    await expect.poll(() => page.locator('#notice').textContent(), { timeout: 60_000 }).toBe('');
    expect(await rig.router.deadLetters.list()).toHaveLength(1);
  });

  it('while nobody sees it, it lets go of the router; of that time it knows the transitions alone', async () => {
    await watched({ sinks: { tick: { batchSize: 1 }, ohlcv: {} } });
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/charts.json', async (route) => {
      await held;
      await route.continue();
    });
    await open();
    // The tabs work before the charts are there.
    await page.locator('#tab-router').click();
    await shows('#totals', 'all');
    release();
    await shows('#pane', 'Now running');
    const setHidden = (isHidden: boolean): Promise<unknown> =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await setHidden(false);
    await page.emulateMedia({ colorScheme: 'dark' });
    rig.router.pause('tick');
    await shows('li[data-channel=tick] .pill', 'paused');
    await setHidden(true);
    await page.locator('#connection', { hasText: 'asleep' }).waitFor();
    await expect.poll(() => inspector.watchers, { timeout: 60_000 }).toBe(0);
    await rig.clock.advance(60_000);
    rig.router.resume('tick');
    await rig.clock.advance(600_000);
    await setHidden(false);
    await page.locator('#connection', { hasText: 'live' }).waitFor();
    await select('tick');
    await page.locator('#tab-events').click();
    await shows('.events li', 'resumed');
    await page.locator('.events li', { hasText: 'resumed' }).getByRole('button').click();
    await shows('#sentence', 'No page was open at that moment: only the transitions are known.');
    await select('ohlcv');
    await shows('#detail-state', 'unknown');
    await shows('#router', 'router unknown');
    await select('tick');
    for (const tab of ['numbers', 'letters', 'chart']) await page.locator(`#tab-${tab}`).click();
    await shows('#pane', 'Now idle. Last transition: paused → idle');
    // No tab is led to by another key.
    await page.locator('#tab-chart').press('a');
    expect(await page.locator('#tab-chart').getAttribute('aria-selected')).toBe('true');
    await page.locator('#scrub').press('End');
    await page.locator('#live').waitFor({ state: 'hidden' });
    await page.locator('#moment', { hasText: /^live/ }).waitFor();
    expect(wrong).toEqual([]);
  });
});
