import { expect, it } from 'vitest';
import { openJournal } from '../../../src/journal/open-journal.ts';
import { emptyDirectory } from '../../support/empty-directory.ts';
import { assignedOf, openedJournal, readMessages } from '../../support/journals.ts';
import { runCommand } from '../../support/run-command.ts';

it('info says what a journal holds while it is in use, as text and as JSON', async () => {
  const { directory, journal } = await openedJournal();
  await journal.write([1, 2, 3]);
  await journal.writeText('4');
  const text = (await runCommand('journal', 'info', directory)).stdout;
  expect(text).toMatch(/^unsettled {4}4 messages in 2 frames, 0.0 MiB, the oldest of \d{4}-/m);
  expect(text).toMatch(new RegExp(`^owner {8}process ${process.pid} on `, 'm'));
  const { stdout } = await runCommand('journal', 'info', directory, '--json');
  expect(JSON.parse(stdout)).toMatchObject({ position: 0, lastPosition: 2, letters: 0, unsettled: { messages: 4 } });
  await journal.close();
  expect((await runCommand('journal', 'info', directory)).stdout).toMatch(/^owner {8}none$/m);
});

it('compact makes the file smaller, keeps what is unsettled, and refuses one that is in use', async () => {
  const { directory, journal } = await openedJournal();
  const partition = await assignedOf(journal.source);
  await journal.write(Array.from({ length: 100 }, (_, n) => ({ n, text: 'x'.repeat(50_000) })));
  await journal.write({ n: 100 });
  await readMessages(partition, 101);
  const { lastPosition } = await journal.info();
  await partition.release(lastPosition - 1, 1_000);
  expect(await runCommand('journal', 'compact', directory)).toMatchObject({ code: 1, stdout: '' });
  await journal.close();
  const { stdout } = await runCommand('journal', 'compact', directory);
  const [, before, after] = /: ([\d.]+) MiB before, ([\d.]+) MiB now/.exec(stdout) ?? [];
  expect(Number(before)).toBeGreaterThan(4);
  expect(Number(after)).toBeLessThan(0.2);
  const again = await openJournal(directory);
  expect((await again.info()).lastPosition).toBe(lastPosition);
  expect(await readMessages(await assignedOf(again.source), 1)).toEqual([{ n: 100 }]);
  await again.write({ n: 101 });
  await again.close();
});

it('a directory that is no journal is an error of one line, and stays as it is', async () => {
  for (const task of ['info', 'compact']) {
    const { code, stderr } = await runCommand('journal', task, emptyDirectory());
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^sluice: \S+ is not a journal: it has no .+\n$/)]);
  }
});
