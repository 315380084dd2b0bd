import { describe, expect, it } from 'vitest';
import { createInspector } from '../../src/inspector/index.ts';
import { createSimulatedClock, createTestRouter, memoryBroker, messages } from '../../src/testing/index.ts';
import { mortalClock } from '../support/mortal-clock.ts';
import { browserNote, isWithoutBrowser, openPage } from './inspector-rig.ts';

/** Gives back at once what it is asked for. */
const owner = {
  assigned() {},
  revoke: async (stay: { release(position: undefined, withinMs: number): Promise<unknown> }) =>
    void (await stay.release(undefined, 1_000)),
};

describe.skipIf(isWithoutBrowser)(`a cluster in the inspector${browserNote}`, () => {
  it('is shown whole on the page of any member: who has what, who died, the hand-overs, the chart of a partition', async () => {
    const clock = createSimulatedClock();
    const broker = memoryBroker({ clock, partitions: 8 });
    const dying = mortalClock(clock);
    await broker.join({ member: 'host-b' }, dying).source.start(owner);
    await broker.join({ member: 'host-c' }).source.start(owner);
    const { source } = broker.join({ member: 'host-a' });
    const rig = await createTestRouter({
      clock,
      sinks: { tick: {} },
      deadLetters: { store: 'memory' },
      sources: { ticks: { source } },
    });
    const inspector = await createInspector(rig.router, { clock });
    await rig.advance(20_000);
    for (let partition = 0; partition < 8; partition += 1) broker.append(messages('tick', 3), partition);
    const page = await openPage(1280, 1400);
    await page.goto(inspector.url);
    dying.pause();
    const pass = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 250) {
        await rig.advance(250);
        await page.waitForTimeout(10);
      }
    };
    await pass(5_000);
    const board = page.locator('[data-cluster="ticks"]');
    expect(await board.locator('tr[data-tone="bad"]', { hasText: 'host-b' }).first().textContent()).toContain('silent');
    expect(await board.textContent()).toMatch(/2 members share 8 partitions/);
    await pass(10_000);
    expect(await board.locator('.events').textContent()).toMatch(/host-[ac] has it after host-b, fence \d/);
    const ours = source.partitions().findIndex(({ state }) => state === 'running');
    await board.getByRole('button', { name: String(ours), exact: true }).click();
    await pass(1_000);
    // With CLUSTER_PICTURE=docs/images/cluster.png the picture of the docs is taken anew.
    const path = process.env.CLUSTER_PICTURE;
    if (path !== undefined) await page.screenshot({ path, fullPage: true });
    expect(await page.locator('#detail-title').textContent()).toBe(`ticks/${ours}`);
    expect(await page.locator('#sentence').textContent()).toMatch(
      /: running; owned by host-a since .*; its last commit/,
    );
    expect(await page.locator('svg.chart [data-state="owned.running"]').getAttribute('class')).toContain('active');
    expect(await page.locator('#detail-state').getAttribute('data-tone')).toBe('good');
    await page.locator('#tab-numbers').click();
    await page.locator('#pane caption', { hasText: `partition ${ours} of` }).waitFor();
    await page.locator('#tab-events').click();
    await page.locator('#pane li', { hasText: 'host-a has it' }).first().waitFor();
    await inspector.close();
    await rig.stop({ deadlineMs: 100 });
  }, 60_000);
});
