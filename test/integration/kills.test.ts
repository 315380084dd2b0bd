import { expect, it } from 'vitest';
import { Account } from '../kills/account.ts';
import { runCampaign } from '../kills/campaign.ts';
import { RouterAccount } from '../kills/router-account.ts';
import { runRouterCampaign } from '../kills/router-campaign.ts';
import { bundled } from '../support/bundled.ts';
import { emptyDirectory } from '../support/empty-directory.ts';

const child = bundled('test/kills/child.ts');
const routerChild = bundled('test/kills/router-child.ts');

it.concurrent('R7.3 kill -9 at any moment loses nothing that was acknowledged, skips nothing and repeats only what was not committed', async ({
  onTestFinished,
}) => {
  const directory = emptyDirectory(onTestFinished);
  const account = await runCampaign({ program: child.path, directory, kills: 5, seed: 1 });
  expect(account.violations).toEqual([]);
  expect(account.acknowledged).toBeGreaterThan(100);
  expect(account.duplicates).toBeGreaterThan(0);
});

it.concurrent('a router with a journal that is killed skips nothing: all is delivered in order per key or is one letter', async ({
  onTestFinished,
}) => {
  const directory = emptyDirectory(onTestFinished);
  const account = await runRouterCampaign({ program: routerChild.path, directory, kills: 5, seed: 1 });
  expect(account.violations).toEqual([]);
  expect(account.delivered.size).toBeGreaterThan(100);
  expect(account.letters.size).toBeGreaterThan(0);
}, 60_000);

it.each([
  ['a message that was acknowledged and never came', ['stay 1', 'acknowledged 1 2', 'delivered [[1,1]]'], /lost: 1:2/],
  ['a hole', ['stay 1', 'delivered [[1,1]]', 'delivered [[1,3]]'], /out of order/],
  ['a hole after a restart', ['stay 1', 'delivered [[1,1]]', 'stay 2', 'delivered [[1,3]]'], /a hole/],
  [
    'one that was committed',
    ['stay 1', 'delivered [[1,1]]', 'committed [1,1]', 'stay 2', 'delivered [[1,1]]'],
    /committed/,
  ],
  ['a letter that is lost', ['letter 1:1'], /letter 1:1 is lost/],
  ['a fence that stands still', ['stay 1', 'stay 1'], /the fence/],
])('the campaign finds %s', (_, lines, violation) => {
  const account = new Account();
  for (const line of lines) account.take(line);
  account.finish([]);
  expect(account.violations.join('\n')).toMatch(violation);
});

it.each([
  ['a message that was skipped', ['acknowledged 1 2', 'delivered [[1,1]]'], [], /skipped: 1:2/],
  ['one that came too late', ['delivered [[1,6]]', 'delivered [[1,1]]'], [], /order: 1:1/],
  ['poison that was delivered', ['delivered [[1,37]]'], [], /is poison/],
  ['a letter that was lost', ['letter [1,37]'], [], /letter .* is lost/],
  ['a message with two letters', [], [37, 37], /two letters/],
])('the campaign of routers finds %s', (_, lines, kept, violation) => {
  const account = new RouterAccount();
  for (const line of lines) account.take(line);
  account.finish(kept.map((n) => ({ run: 1, n })));
  expect(account.violations.join('\n')).toMatch(violation);
});
