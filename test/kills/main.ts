import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../support/bundle.ts';
import { type Campaign, runCampaign } from './campaign.ts';
import { runRouterCampaign } from './router-campaign.ts';

const { values } = parseArgs({
  options: { n: { type: 'string' }, seed: { type: 'string' }, router: { type: 'boolean' } },
});
const kills = Number(values.n ?? 100);
const seed = Number(values.seed ?? 1);
const isOfRouters = values.router ?? false;
const child = bundle(isOfRouters ? 'test/kills/router-child.ts' : 'test/kills/child.ts');
const directory = mkdtempSync(join(tmpdir(), 'sluice-kills-'));
const startedAt = performance.now();
const { figures, violations } = await (isOfRouters ? ofRouters : ofJournals)({
  program: child.path,
  directory,
  kills,
  seed,
});
child.remove();
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
process.stdout.write(`seed ${seed}: ${kills} × kill -9 in ${seconds} s; ${figures}; ${violations.length} violations\n`);
for (const violation of violations.slice(0, 20)) process.stdout.write(`  ${violation}\n`);
// What a violation is found in stays to be looked at.
if (violations.length === 0) rmSync(directory, { recursive: true });
else process.stdout.write(`  the journal is in ${directory}\n`);
process.exitCode = violations.length === 0 ? 0 : 1;

async function ofJournals(campaign: Campaign) {
  const { acknowledged, duplicates, letters, messages, violations } = await runCampaign(campaign);
  const delivered = `${messages} delivered, ${duplicates} of them again`;
  return { figures: `${acknowledged} messages acknowledged, ${delivered}; ${letters.size} letters`, violations };
}

async function ofRouters(campaign: Campaign) {
  const account = await runRouterCampaign(campaign);
  const { acknowledged, delivered, duplicates, duplicatesMax, letters, violations } = account;
  const again = `${duplicates} delivered again, at most ${duplicatesMax} by one process`;
  const figures = `${acknowledged} messages acknowledged, ${delivered} delivered, ${letters} letters; ${again}`;
  return { figures, violations };
}
