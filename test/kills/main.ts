import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleJournalChild } from '../support/journal-child.ts';
import { runCampaign } from './campaign.ts';

const { values } = parseArgs({ options: { n: { type: 'string' }, seed: { type: 'string' } } });
const kills = Number(values.n ?? 100);
const seed = Number(values.seed ?? 1);
const child = bundleJournalChild('test/kills/child.ts');
const directory = mkdtempSync(join(tmpdir(), 'sluice-kills-'));
const startedAt = performance.now();
const account = await runCampaign({ program: child.path, directory, kills, seed });
child.remove();
const { messages, duplicates, acknowledged, letters, violations } = account;
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
process.stdout.write(
  `seed ${seed}: ${kills} × kill -9 in ${seconds} s; ${acknowledged} messages acknowledged, ${messages} delivered, ` +
    `${duplicates} of them again; ${letters.size} letters; ${violations.length} violations\n`,
);
for (const violation of violations.slice(0, 20)) process.stdout.write(`  ${violation}\n`);
// What a violation is found in stays to be looked at.
if (violations.length === 0) rmSync(directory, { recursive: true });
else process.stdout.write(`  the journal is in ${directory}\n`);
process.exitCode = violations.length === 0 ? 0 : 1;
