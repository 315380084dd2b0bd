import { createRandom, createRouter, defineChannel } from '../../src/index.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { type Campaign, killAfter } from './campaign.ts';
import { isPoison, RouterAccount, type Sent } from './router-account.ts';

/** Kills one process with a router after the other, and lets a last one deliver the rest of the journal. */
export async function runRouterCampaign({ program, directory, kills, seed }: Campaign): Promise<RouterAccount> {
  const account = new RouterAccount();
  const random = createRandom(seed);
  for (let run = 1; run <= kills && account.violations.length === 0; run += 1) {
    account.begin();
    const lines = 1 + Math.floor(random() * 200);
    await killAfter(lines, [program, directory, String(run), String(seed + run)], account);
  }
  account.begin();
  await deliverRest(directory, account);
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
