import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createRandom } from '../../src/core/random.ts';
import type { Assigned } from '../../src/core/source-port.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { Account } from './account.ts';

/** How many processes are killed, where, and when. */
export interface Campaign {
  /** The bundle of `child.ts`. */
  readonly program: string;
  /** Of the journal; empty. */
  readonly directory: string;
  readonly kills: number;
  readonly seed: number;
}

/** What hears the lines of a process. */
interface Taker {
  readonly violations: string[];
  /** Another process begins. */
  begin?(): void;
  take(line: string): void;
}

/** Kills one process after the other, and reads the rest of the journal. */
export async function runCampaign(campaign: Campaign): Promise<Account> {
  const account = new Account();
  await killAll(campaign, 150, account);
  await readRest(campaign.directory, account);
  return account;
}

/** Kills each process at a random line of what it says, until something is wrong. */
export async function killAll({ program, directory, kills, seed }: Campaign, linesMax: number, account: Taker) {
  const random = createRandom(seed);
  for (let run = 1; run <= kills && account.violations.length === 0; run++) {
    account.begin?.();
    const lines = 1 + Math.floor(random() * linesMax);
    await killAfter(lines, [program, directory, String(run), String(seed + run)], account);
  }
}

async function killAfter(lines: number, args: readonly string[], account: Taker): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    count += 1;
    if (count === lines) child.kill('SIGKILL');
    account.take(line);
  }
  const [, signal] = await ended;
  if (signal !== 'SIGKILL') account.violations.push(`run ${args[2]} ended by itself after ${count} lines`);
}

async function readRest(directory: string, account: Account): Promise<void> {
  const journal = await openJournal(directory);
  const partitions: Assigned[] = [];
  await journal.source.start({ assigned: (partition) => partitions.push(partition), revoke: async () => {} });
  const [partition] = partitions;
  account.take(`stay ${partition?.fence} ${partition?.takeovers}`);
  const { lastPosition, position } = await journal.info();
  for (let last = position; last < lastPosition; ) {
    const frames = (await partition?.read({ frames: 1_000, bytes: 1e8 }, new AbortController().signal)) ?? [];
    for (const frame of frames) {
      if (frame.gap !== undefined) account.violations.push(`a gap before ${frame.position}`);
      for (const message of frame.messages()) account.deliver(message as [number, number]);
      last = frame.position;
    }
  }
  account.finish((await journal.letters.list()).map(({ id }) => id));
  await journal.close();
}
