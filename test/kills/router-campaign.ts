import { createRouter, defineChannel } from '../../src/index.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { type Campaign, killAll } from './campaign.ts';
import { isPoison, RouterAccount, type Sent } from './router-account.ts';

/** Kills one process with a router after the other, and lets a last one deliver the rest of the journal. */
export async function runRouterCampaign(campaign: Campaign): Promise<RouterAccount> {
  const account = new RouterAccount();
  await killAll(campaign, 200, account);
  account.begin();
  await deliverRest(campaign.directory, account);
  return account;
}

async function deliverRest(directory: string, account: RouterAccount): Promise<void> {
  const journal = await openJournal(directory);
  const Ticks = defineChannel({
    process(batch: readonly Sent[], context) {
      for (const [index, sent] of batch.entries()) {
        if (isPoison(sent)) context.fail(index, Object.assign(new Error('refused for good'), { retryable: false }));
        else account.deliver(sent);
      }
    },
  });
  const router = createRouter({
    channels: { tick: Ticks },
    sources: { feed: journal.source },
    deadLetters: { store: journal.letters },
  });
  await router.start();
  const { lastPosition } = await journal.info();
  while ((await journal.info()).position < lastPosition) await new Promise((resolve) => setTimeout(resolve, 20));
  await router.stop();
  account.finish((await journal.letters.list()).map(({ message }) => message as Sent));
  await journal.close();
}
