import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../../../src/journal/open-journal.ts';
import type { Entrant } from '../case.ts';
import { channelsOf, loadBuild } from '../contestants/sluice.ts';
import { ownMemoryMb } from '../own-process.ts';
import { tradeOf } from './journal.ts';

const GB = 1e9;
const CALLS_AT_ONCE = 16;
const MESSAGES_PER_CALL = 1_000;

/** Each measurement adds a gigabyte to a journal whose router has a sink that is down. */
export async function openBehindDownSink(): Promise<Entrant> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const journal = await openJournal(directory);
  const build = await loadBuild(undefined);
  const process = async (): Promise<never> => {
    throw new Error('down');
  };
  const router = build.createRouter({
    ...channelsOf(build, [{ name: 'tick', process }]),
    sources: { journal: journal.source },
    deadLetters: { store: journal.letters },
  });
  await router.start();
  const texts = Array.from({ length: MESSAGES_PER_CALL }, (_, n) => JSON.stringify(tradeOf(n)));
  let first: number | undefined;
  return {
    async measure() {
      const { bytes } = (await journal.info()).unsettled;
      const until = bytes + GB;
      while ((await journal.info()).unsettled.bytes < until)
        await Promise.all(Array.from({ length: CALLS_AT_ONCE }, () => journal.writeText(texts)));
      const memory = ownMemoryMb();
      first ??= memory;
      return { 'GB unsettled': (await journal.info()).unsettled.bytes / GB, 'growth, MB': memory - first };
    },
    async finish() {
      await router.stop({ deadlineMs: 1_000 });
      await journal.close();
      rmSync(directory, { recursive: true });
    },
  };
}
