import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/index.ts';
import { createInspector, type Inspector } from '../../src/inspector/index.ts';
import type { Reaction, TestMessage, TestRouter } from '../../src/testing/index.ts';
import { createTestRouter, message, slow } from '../../src/testing/index.ts';
import { emptyDirectory } from '../support/empty-directory.ts';
import { projectRoot } from '../support/project-files.ts';
import { browserNote, card, isWithoutBrowser, launchBrowser } from './inspector-rig.ts';

/** With SCREENSHOTS=keep the pictures of the docs are taken anew: look at them before they are committed. */
const isKept = process.env.SCREENSHOTS === 'keep';
const SEED = 20_260_101;

/** How many messages each channel gets in 10 ms, on average. */
const loads = { tick: 6, ohlcv: 0.9, fmv: 1.6 } as const;

const breaker = { minimumCalls: 4, coolDownMs: 6_000 };
const channels = {
  tick: { batchSize: 20, timeoutMs: 15 },
  ohlcv: { batchSize: 40, timeoutMs: 100, retry: { attempts: 2, delayMs: 200 }, breaker },
  fmv: { batchSize: 25, timeoutMs: 250 },
};

/** Takes between 1 and 7 ms, as databases do. */
const steady = (random: () => number): Reaction<TestMessage> => {
  return (call) => slow(1 + 6 * random())(call);
};
const refused: Reaction<TestMessage> = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.4.17:5432'));

/** A minute of a market passes on the simulated clock while a real browser looks at it. */
class Minute {
  readonly rig: TestRouter;
  readonly inspector: Inspector;
  readonly #random = createRandom(SEED);
  #n = 0;

  constructor(rig: TestRouter, inspector: Inspector) {
    this.rig = rig;
    this.inspector = inspector;
    for (const name of Object.keys(loads)) rig.sink(name).otherwise = steady(this.#random);
  }

  async pass(seconds: number): Promise<void> {
    for (let step = 0; step < seconds * 100; step += 1) {
      const swell = 1 + 0.5 * Math.sin(this.#n / 900);
      for (const [name, load] of Object.entries(loads)) {
        const count = Math.floor(load * swell * 2 * this.#random() + this.#random());
        for (let sent = 0; sent < count; sent += 1) this.rig.router.route(message(name, this.#n++));
      }
      await this.rig.clock.advance(10);
      // The browser reads while the time passes.
      if (step % 25 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe.skipIf(isWithoutBrowser)(`pictures${browserNote}`, () => {
  const directory = isKept ? join(projectRoot, 'docs', 'images') : emptyDirectory(afterAll);
  let browser: Browser;
  let minute: Minute;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
    const rig = await createTestRouter({ sinks: channels, seed: SEED });
    minute = new Minute(rig, await createInspector(rig.router, { clock: rig.clock, allowControl: true }));
    page = await browser.newPage({ viewport: { width: 1440, height: 1120 }, timezoneId: 'UTC' });
    page.setDefaultTimeout(100_000);
    await page.goto(minute.inspector.url);
    await page.locator('#connection', { hasText: 'live' }).waitFor();
  });
  afterAll(async () => {
    await minute?.inspector.close();
    await browser?.close();
  });

  /** Takes a picture once the page shows the present. */
  async function take(name: string, options: { fullPage?: boolean } = {}): Promise<void> {
    await minute.pass(0.25);
    const received = minute.rig.router.metrics().received.toLocaleString('en');
    await page.locator('#totals', { hasText: `received${received}` }).waitFor();
    await page.mouse.move(0, 0);
    const path = join(directory, `inspector-${name}.png`);
    await page.screenshot({ path, ...options });
    expect(statSync(path).size).toBeGreaterThan(30_000);
  }

  it('show the overview, a tripped channel, the dark page and a phone', async () => {
    await minute.pass(30);
    await minute.rig.router.reconfigure({ channels: { ...channels, fmv: { ...channels.fmv, batchSize: 50 } } });
    await minute.pass(8);
    await take('overview');
    minute.rig.sink('ohlcv').otherwise = refused;
    await minute.pass(9);
    await card(page, 'ohlcv').getByRole('button').click();
    await page.locator('g.state.active[data-state=tripped]').waitFor();
    await take('tripped', { fullPage: true });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.locator('#tab-events').click();
    await minute.pass(2);
    await take('dark');
    minute.rig.sink('ohlcv').otherwise = steady(createRandom(SEED));
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 390, height: 844 });
    await minute.pass(1);
    await page.locator('#tab-chart').click();
    await page.locator('g.state.active').first().scrollIntoViewIfNeeded();
    await take('phone', { fullPage: true });
  });
});
