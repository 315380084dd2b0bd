import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { browserNote, card, isWithoutBrowser, launchBrowser, Wire, World, watchPage } from './inspector-rig.ts';

const RECORDING = new URL('../../../shared/data/sample/crypto-20240808-2358.stock-style.ndjson.gz', import.meta.url);
const tabs = ['chart', 'events', 'numbers', 'letters', 'config', 'router'];

let browser: Browser;
let world: World;
let page: Page;
let wrong: string[];

async function open(options: Parameters<Browser['newPage']>[0] = {}, url = world.inspector.url): Promise<Page> {
  const opened = await browser.newPage({ viewport: { width: 1440, height: 1000 }, ...options });
  wrong = watchPage(opened);
  opened.setDefaultTimeout(100_000);
  await opened.goto(url);
  await opened.locator('#connection', { hasText: 'live' }).waitFor();
  return opened;
}

async function trip(channel: string): Promise<void> {
  world.down.add(channel);
  world.send(channel, 40);
  await card(page, channel).locator('.pill', { hasText: 'tripped' }).waitFor();
}

describe.skipIf(isWithoutBrowser)(`the page${browserNote}`, () => {
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    world = await World.start({ allowControl: true });
  });
  afterEach(async () => {
    await page?.close();
    await world.stop();
  });

  it('shows every channel with what the router says of it, and asks nobody else for anything', async () => {
    page = await open();
    world.send('tick', 500);
    await world.router.offer({ ev: 'T', sym: 'A', n: 500 });
    await page.locator('#totals', { hasText: '501' }).waitFor();
    expect(await page.locator('#channels > li').count()).toBe(3);
    await page.locator('#tab-numbers').click();
    await page.locator('#pane', { hasText: '501 accepted = 501 delivered' }).waitFor();
    expect(wrong).toEqual([]);
  });

  it('lights up a channel that trips: its card, its lane, its state in the chart and the transition that led there', async () => {
    page = await open();
    await trip('ohlcv');
    await card(page, 'ohlcv').getByRole('button').click();
    await page.locator('g.state.active[data-state=tripped]').waitFor();
    expect(await page.locator('g.state.active').count()).toBe(1);
    // A line straight down has no width, which counts as hidden.
    await page.locator('g.edge.last').first().waitFor({ state: 'attached' });
    await page.locator('#sentence', { hasText: '(the breaker opened' }).waitFor();
    await page.locator('#alerts', { hasText: 'the breaker is open' }).waitFor();
    await page
      .locator('.lane-row', { hasText: 'ohlcv' })
      .locator('rect[data-tone=bad]')
      .first()
      .waitFor({ state: 'attached' });
    expect(wrong).toEqual([]);
  });

  it('goes back to a moment before the trip and forward to the present, with the keyboard too', async () => {
    page = await open();
    await page.locator('.lane rect').nth(2).waitFor({ state: 'attached' });
    world.send('tick', 20);
    await card(page, 'tick').locator('.pill', { hasText: 'idle' }).waitFor();
    await trip('tick');
    await card(page, 'tick').getByRole('button').click();
    const scrub = page.locator('#scrub');
    await scrub.focus();
    // Until the moment shown is one from before.
    await expect
      .poll(async () => {
        await scrub.press('ArrowLeft');
        return card(page, 'tick').locator('.pill').textContent();
      })
      .not.toBe('tripped');
    expect(await page.locator('#moment').textContent()).toMatch(/^\d\d:\d\d:\d\d, .* ago$/);
    expect(await page.locator('g.state.active[data-state=tripped]').count()).toBe(0);
    expect(await page.locator('#actions button:enabled').count(), 'orders are given to the present only').toBe(0);
    await page.keyboard.press('Escape');
    await page.locator('g.state.active[data-state=tripped]').waitFor();
    expect(await page.locator('#moment').textContent()).toMatch(/^live/);
    // The list leads to a moment as well.
    await page.locator('#tab-events').click();
    await page.locator('.events li', { hasText: 'tripped: the breaker opened' }).getByRole('button').click();
    await page.locator('#live').click();
    await page.locator('#live').waitFor({ state: 'hidden' });
    await page.locator('#moment', { hasText: /^live/ }).waitFor();
    expect(wrong).toEqual([]);
  });

  it('pauses and resumes a channel when that is confirmed, and not when it is canceled', async () => {
    page = await open();
    await card(page, 'fmv').getByRole('button').click();
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    expect(await page.locator('#confirm').textContent()).toContain('delivers none until it is resumed');
    expect(world.router.explain('fmv').state).toBe('idle');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.locator('#confirm-go').click();
    await card(page, 'fmv').locator('.pill', { hasText: 'paused' }).waitFor();
    expect(world.router.explain('fmv').state).toBe('paused');
    world.send('fmv', 7);
    await card(page, 'fmv').locator('.gauge', { hasText: '7 of 1,000 waiting' }).waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.locator('#confirm-go').click();
    await card(page, 'fmv').locator('.gauge', { hasText: '0 of 1,000 waiting' }).waitFor();
    expect(world.delivered).toBe(7);
    expect(world.logged.map((line) => /asked for \w+/.exec(line)?.[0])).toEqual([
      'asked for pause',
      'asked for resume',
    ]);
    expect(wrong).toEqual([]);
  });

  it('replays dead letters and says what became of them; their messages stay hidden', async () => {
    page = await open();
    world.poison.add(3);
    world.send('tick', 20);
    await page.locator('#tab-letters').click();
    await page.locator('#pane', { hasText: 'price is not a number' }).waitFor();
    expect(await page.locator('#pane').textContent()).toContain('showPayloads is off');
    world.poison.clear();
    await page.getByRole('button', { name: 'Replay dead letters' }).click();
    await page.locator('#confirm-go').click();
    await page.locator('#tab-events').click();
    await page.locator('.events', { hasText: '1 dead letters replayed, 0 left' }).waitFor();
    expect(await world.router.deadLetters.list()).toEqual([]);
  });

  it('shows the configuration, what changed in it and when, and nothing that is named like a secret', async () => {
    page = await open();
    await card(page, 'ohlcv').getByRole('button').click();
    await page.locator('#tab-config').click();
    await page.locator('tr', { hasText: 'eventRules.apiToken' }).locator('td', { hasText: '(not shown)' }).waitFor();
    const { channels, router } = world.router.config;
    const ohlcv = { ...channels.ohlcv, batchSize: 33, eventRules: { apiToken: 'n3w', limit: 8 } };
    await world.router.reconfigure({ router, channels: { ...channels, ohlcv } });
    await page.locator('tr[data-tone]', { hasText: 'batchSize' }).filter({ hasText: '20 → 33 (next-batch)' }).waitFor();
    expect(await page.content()).not.toMatch(/s3cret|n3w/);
  });

  it('says that it is disconnected, and goes on by itself when the connection is back', async () => {
    const wire = new Wire(world.inspector.url);
    await wire.mend();
    page = await open({}, world.inspector.url.replace(/:\d+\//, `:${wire.port}/`));
    await wire.cut();
    await page.locator('#lost', { hasText: 'Disconnected' }).waitFor();
    expect(await page.locator('#actions button:enabled').count()).toBe(0);
    world.send('tick', 11);
    await wire.mend();
    await page.locator('#connection', { hasText: 'live' }).waitFor();
    await page.locator('#lost').waitFor({ state: 'hidden' });
    await page.locator('#totals', { hasText: '11' }).waitFor();
    await page.close();
    await wire.cut();
  });

  it('of twenty at once, each shows the same, and the router counts on', async () => {
    page = await open();
    // Each with connections of its own: a browser opens six to one server.
    const contexts = await Promise.all(
      Array.from({ length: 20 }, () => browser.newContext({ viewport: { width: 400, height: 300 } })),
    );
    const pages: Page[] = [];
    for (const context of contexts) {
      const another = await context.newPage();
      another.setDefaultTimeout(100_000);
      await another.goto(world.inspector.url);
      pages.push(another);
    }
    await Promise.all(pages.map((each) => each.locator('#connection', { hasText: 'live' }).waitFor()));
    expect(world.inspector.watchers).toBe(21);
    await trip('tick');
    await Promise.all(pages.map((each) => card(each, 'tick').locator('.pill', { hasText: 'tripped' }).waitFor()));
    await Promise.all(contexts.map((context) => context.close()));
    await expect.poll(() => world.inspector.watchers, { timeout: 60_000 }).toBe(1);
    expect(world.router.metrics().conserved).toBe(true);
    // Twenty browsers on a busy machine.
  }, 400_000);

  it.each(['light', 'dark'] as const)('has no violation that axe finds, in %s', async (colorScheme) => {
    page = await open({ colorScheme });
    world.poison.add(3);
    world.send('fmv', 20);
    await trip('ohlcv');
    await card(page, 'ohlcv').getByRole('button').click();
    // Put in by the test, not by the page, whose policy would refuse it.
    await page.evaluate(axe.source);
    const violations = async (): Promise<unknown> => {
      const found = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html))`;
      return page.evaluate(found);
    };
    for (const tab of tabs) {
      await page.locator(`#tab-${tab}`).click();
      await page.locator(`#pane[aria-labelledby=tab-${tab}] > *`).first().waitFor();
      expect([tab, await violations()]).toEqual([tab, []]);
    }
    await page.getByRole('button', { name: 'Trip breaker' }).click();
    expect(await violations()).toEqual([]);
  });

  it.each([320, 390, 768, 2560])('fits into a window %i wide without scrolling sideways', async (width) => {
    page = await open({ viewport: { width, height: 844 } });
    await trip('ohlcv');
    for (const tab of tabs) {
      await page.locator(`#tab-${tab}`).click();
      const overhang = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect([tab, await page.evaluate(overhang)]).toEqual([tab, 0]);
    }
  });

  it('is led by the keyboard alone: from the skip link to the tabs and through them', async () => {
    page = await open();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('#tab-chart').focus();
    for (const tab of ['events', 'numbers', 'letters', 'config', 'router', 'chart']) {
      await page.keyboard.press('ArrowRight');
      expect(await page.evaluate('document.activeElement.id')).toBe(`tab-${tab}`);
      expect(await page.locator(`#tab-${tab}`).getAttribute('aria-selected')).toBe('true');
    }
  });
});

// Without the recordings this test proves nothing: fine on a stranger's machine, a failure where the gate decides.
const isUnrecorded = isWithoutBrowser || (!existsSync(RECORDING) && process.env.CI === undefined);
const recorded = isUnrecorded
  ? 'sluice replay --inspect (SKIPPED: no Chromium or no recordings)'
  : 'sluice replay --inspect';

describe.skipIf(isUnrecorded)(recorded, () => {
  it('shows a recording with chaos while it runs, trips and all, and says when it is over', async () => {
    const chromium = await launchBrowser();
    const stdout = new PassThrough({ highWaterMark: 2 ** 24 });
    const stderr = new PassThrough();
    const args = ['replay', RECORDING.pathname, '--chaos', '7', '--speed', '6x', '--inspect', '--json'];
    const terminal = { stdin: Readable.from([]), stdout, stderr, env: {}, signals: new EventEmitter(), exit: () => {} };
    const code = run(args, terminal);
    const url = await new Promise<string>((resolve) => {
      stderr.once('data', (line) =>
        resolve(
          String(line)
            .replace(/^inspector: /, '')
            .trim(),
        ),
      );
    });
    const shown = await chromium.newPage();
    wrong = watchPage(shown);
    await shown.goto(url);
    await shown.locator('#connection', { hasText: 'live' }).waitFor();
    await shown.locator('.lane rect.mark[data-tone=bad]').first().waitFor({ state: 'attached' });
    expect(wrong).toEqual([]);
    await shown.locator('#lost', { hasText: 'Disconnected' }).waitFor({ timeout: 60_000 });
    expect(await shown.locator('#totals').textContent()).toContain('accounted forall');
    await chromium.close();
    expect(await code).toBe(0);
    expect(JSON.parse(String(stdout.read()))).toMatchObject({ received: 16_822, conserved: true });
  });
});
