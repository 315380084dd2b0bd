import { Command } from 'commander';
import type { FrameCount, JournalInfo } from '../journal/info.ts';
import { loadJournal } from './optional.ts';
import type { Terminal } from './terminal.ts';

/** `sluice journal`: says what is in a journal, or makes its file smaller. */
export function journalCommand(terminal: Terminal): Command {
  const command = new Command('journal').description('Look into a journal, or make its file smaller.');
  const print = (text: string): void => void terminal.stdout.write(`${text}\n`);
  command
    .command('info')
    .description('Print what a journal holds and who has it; it may be in use.')
    .argument('<directory>', 'the directory of the journal')
    .option('--json', 'print JSON instead of text')
    .action(async (directory: string, { json = false }: { json?: boolean }) => {
      const info = await (await loadJournal()).readJournalInfo(directory);
      print(json ? JSON.stringify(info, null, 2) : infoText(info));
    });
  command
    .command('compact')
    .description('Write the file of a journal anew without its unused pages; nobody may have the journal.')
    .argument('<directory>', 'the directory of the journal')
    .action(async (directory: string) => {
      const { bytesBefore, bytesAfter } = await (await loadJournal()).compactJournal(directory);
      print(`${directory}: ${sizeText(bytesBefore)} before, ${sizeText(bytesAfter)} now`);
    });
  return command;
}

function infoText(info: JournalInfo): string {
  const { owner } = info;
  return [
    `directory    ${info.directory}`,
    `owner        ${owner === null ? 'none' : `process ${owner.pid} on ${owner.host} since ${timeText(owner.since)}`}`,
    `unsettled    ${countText(info.unsettled)}`,
    `kept         ${countText(info.frames)}`,
    `written      ${info.written} messages`,
    `position     ${info.position} of ${info.lastPosition}`,
    `takeovers    ${info.takeovers}`,
    `letters      ${info.letters}`,
    `file         ${sizeText(info.fileBytes)}`,
  ].join('\n');
}

function countText({ frames, messages, bytes, oldestAt }: FrameCount): string {
  const since = oldestAt === undefined ? '' : `, the oldest of ${timeText(oldestAt)}`;
  return `${messages} messages in ${frames} frames, ${sizeText(bytes)}${since}`;
}

function sizeText(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}
