import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseWhole } from '../../src/cli/option-values.ts';
import { bundle } from '../support/bundle.ts';
import { npmCommand, parseSeed } from '../support/command-line.ts';
import { runCampaign } from './campaign.ts';
import { runRouterCampaign } from './router-campaign.ts';

const purpose = 'Kills a process that has a journal with kill -9, again and again, and looks for what is lost.';
const options = npmCommand('kills', purpose, '--n 1000 --router')
  .option('--n <n>', 'how many kills', parseWhole(1, 1_000_000), 100)
  .option('--seed <n>', 'of the moments', parseSeed, 1)
  .option('--router', 'kill a router that reads the journal');
const { n: kills, seed, router: isOfRouters } = options.parse().opts<{ n: number; seed: number; router?: true }>();
const child = bundle(isOfRouters ? 'test/kills/router-child.ts' : 'test/kills/child.ts');
const directory = mkdtempSync(join(tmpdir(), 'sluice-kills-'));
const startedAt = performance.now();
const run = isOfRouters ? runRouterCampaign : runCampaign;
const { figures, violations } = await run({ program: child.path, directory, kills, seed });
child.remove();
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
process.stdout.write(`seed ${seed}: ${kills} × kill -9 in ${seconds} s; ${figures}; ${violations.length} violations\n`);
for (const violation of violations.slice(0, 20)) process.stdout.write(`  ${violation}\n`);
// What a violation is found in stays to be looked at.
if (violations.length === 0) rmSync(directory, { recursive: true });
else process.stdout.write(`  the journal is in ${directory}\n`);
process.exitCode = violations.length === 0 ? 0 : 1;
