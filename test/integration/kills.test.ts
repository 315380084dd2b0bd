import { afterAll, beforeAll, expect, it } from 'vitest';
import { Account } from '../kills/account.ts';
import { runCampaign } from '../kills/campaign.ts';
import { bundleJournalChild, type JournalChild } from '../support/journal-child.ts';
import { emptyDirectory } from '../support/journals.ts';

let child: JournalChild;
beforeAll(() => {
  child = bundleJournalChild('test/kills/child.ts');
});
afterAll(() => child.remove());

it('kill -9 at any moment loses nothing that was acknowledged, skips nothing and repeats only what was not committed', async () => {
  const account = await runCampaign({ program: child.path, directory: emptyDirectory(), kills: 5, seed: 1 });
  expect(account.violations).toEqual([]);
  expect(account.acknowledged).toBeGreaterThan(100);
  expect(account.duplicates).toBeGreaterThan(0);
});

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
