import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { ReplayReport } from '../../src/cli/report.ts';
import { openJournal } from '../../src/journal/index.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';
import { bundleCommand } from '../support/bundle.ts';
import { bundled } from '../support/bundled.ts';
import { emptyDirectory } from '../support/empty-directory.ts';
import { openedJournal } from '../support/journals.ts';
import { ofRecordings, recordingFile } from '../support/recordings.ts';
import { runCommand } from '../support/run-command.ts';

const MESSAGES = 58_994;

const trades = Array.from({ length: 10 }, (_, n) => ({ ev: 'T', sym: 'A', p: 1, s: n, t: 1_735_828_200_000 + n }));

function sumOf(channels: readonly { readonly delivered: number }[]): number {
  return channels.reduce((sum, { delivered }) => sum + delivered, 0);
}

async function reportOf(...args: string[]): Promise<ReplayReport> {
  const { stdout, stderr } = await runCommand('replay', ...args, '--json');
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const command = bundled(bundleCommand);

describe('sluice replay FILE --journal DIR', () => {
  /** Runs the command until it says that it has delivered so many messages, and sends the signal; its report, if it makes one. */
  async function runUntil(delivered: number, signal: NodeJS.Signals, args: readonly string[]) {
    const child = spawn(process.execPath, [command.path, ...args, '--inspect'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const exited = once(child, 'exit');
    const out = text(child.stdout);
    for await (const count of deliveriesOf(child.stderr)) if (count >= delivered && !child.killed) child.kill(signal);
    return { by: (await exited)[1], out: await out };
  }

  /** How many messages a process has delivered, as its inspector says, until it ends. */
  async function* deliveriesOf(stderr: Readable): AsyncGenerator<number> {
    const [line] = await once(createInterface({ input: stderr }), 'line');
    const { body } = await fetch(new URL('live', String(line).slice('inspector: '.length)));
    if (body === null) throw new Error('the inspector said nothing');
    try {
      for await (const said of createInterface({ input: Readable.fromWeb(body) })) {
        const tick = said.startsWith('data: ') ? JSON.parse(said.slice('data: '.length)) : {};
        if (tick.frame !== undefined) yield sumOf(tick.frame.channels);
      }
    } catch {
      // The process ended.
    }
  }

  it.skipIf(ofRecordings)(
    `is killed three times and started again, and delivers every line${ofRecordings}`,
    async () => {
      const directory = join(emptyDirectory(), 'run');
      const args = [
        'replay',
        recordingFile('crypto-20240808.stock-style'),
        '--journal',
        directory,
        '--json',
        '--speed',
      ];
      // So slow that none is done before the signal comes, on a busy machine either.
      const run = (delivered: number, signal: NodeJS.Signals) => runUntil(delivered, signal, [...args, '20x']);
      for (const _ of [1, 2]) expect((await run(3_000, 'SIGKILL')).by).toBe('SIGKILL');
      const stopped: ReplayReport = JSON.parse((await run(3_000, 'SIGTERM')).out);
      expect((await run(3_000, 'SIGKILL')).by).toBe('SIGKILL');
      const last: ReplayReport = JSON.parse(
        (await runUntil(Number.POSITIVE_INFINITY, 'SIGKILL', [...args, 'max'])).out,
      );
      expect(last).toMatchObject({ conserved: true, unroutable: 0, malformed: 0 });
      expect(last.journal).toMatchObject({ messages: MESSAGES, settled: MESSAGES, letters: 0 });
      // What processes without a report had settled, those with one say.
      const [before = 0, after = 0, middle = 0] = [
        stopped.journal?.settledBefore,
        last.journal?.settledBefore,
        stopped.journal?.settled,
      ];
      expect([before > 0, middle > before, after > middle, after < MESSAGES]).toEqual([true, true, true, true]);
      const delivered = sumOf(Object.values(last.channels));
      expect(delivered).toBe(last.received);
      expect(delivered).toBeGreaterThanOrEqual(MESSAGES - after);
    },
    120_000,
  );

  it('started again when all is settled delivers nothing, and says so', async () => {
    const directory = emptyDirectory();
    const file = join(directory, 'trades.ndjson');
    await writeFile(file, [...trades, { ev: 'nobody' }].map((each) => JSON.stringify(each)).join('\n'));
    const journal = join(directory, 'run');
    const first = await runCommand('replay', file, '--journal', journal, '--json');
    expect(JSON.parse(first.stdout)).toMatchObject({
      received: 11,
      journal: { messages: 11, settled: 11, settledBefore: 0, letters: 1 },
    });
    const again = await runCommand('replay', file, '--journal', journal);
    expect([again.code, again.stdout]).toEqual([
      0,
      `journal ${journal}: 11 of 11 messages are settled, 11 of them before this run; 1 dead letters\n`,
    ]);
  });

  it('refuses a journal of another input, one that a program wrote, and chaos', async () => {
    const directory = emptyDirectory();
    const [one, two] = [join(directory, 'one.ndjson'), join(directory, 'two.ndjson')];
    await writeFile(one, JSON.stringify(trades));
    await writeFile(two, JSON.stringify(trades.slice(1)));
    const journal = join(directory, 'run');
    await reportOf(one, '--journal', journal);
    const other = await runCommand('replay', two, '--journal', journal);
    expect(other).toMatchObject({ code: 1, stdout: '' });
    expect(other.stderr).toMatch(/the journal .*run was written by the replay of .*one\.ndjson.*name the same input/);
    const own = await openJournal(join(directory, 'own'));
    await own.write(trades);
    await own.close();
    expect((await runCommand('replay', one, '--journal', join(directory, 'own'))).stderr).toMatch(
      /written by no replay/,
    );
    const chaotic = await runCommand('replay', one, '--journal', journal, '--chaos', '1');
    expect([chaotic.code, chaotic.stderr]).toEqual([2, expect.stringContaining("cannot be used with option '--chaos")]);
  });
});

// LMDB sets the number of the last transaction when it opens a file, also one that another process is writing.
it('a process that looks into a journal, replays it or is refused writes nothing to the memory that its owner shares', async () => {
  const directory = join(emptyDirectory(), 'run');
  // Its owner does not beat meanwhile.
  const clock = createSimulatedClock();
  const journal = await openJournal(directory, { clock });
  await Promise.all([journal.write(trades), clock.advance(1)]);
  const before = await readFile(join(directory, 'lock.mdb'));
  const codes: unknown[] = [];
  for (const args of [
    ['journal', 'info', directory],
    ['replay', directory],
    ['journal', 'compact', directory],
  ])
    codes.push((await once(spawn(process.execPath, [command.path, ...args], { stdio: 'ignore' }), 'exit'))[0]);
  expect(codes).toEqual([0, 0, 1]);
  expect((await readFile(join(directory, 'lock.mdb'))).equals(before)).toBe(true);
  await journal.close();
});

describe('sluice replay DIR', () => {
  it('routes the messages of a journal, takes nothing, and may be limited', async () => {
    const { directory, journal } = await openedJournal();
    await journal.write(trades);
    await journal.writeText(trades.map((each) => JSON.stringify([each])));
    expect(await reportOf(directory)).toMatchObject({ received: 20, channels: { tick: { delivered: 20 } } });
    expect(await reportOf(directory, '--limit', '12')).toMatchObject({ received: 12 });
    await journal.close();
    expect(await reportOf(directory)).toMatchObject({ received: 20, conserved: true });
  });

  it('through another journal survives as a file does', async () => {
    const directory = emptyDirectory();
    const journal = await openJournal(join(directory, 'night'));
    await journal.write(trades);
    await journal.close();
    const args = [join(directory, 'night'), '--journal', join(directory, 'run')];
    expect((await reportOf(...args)).journal).toMatchObject({ messages: 10, settled: 10, settledBefore: 0 });
    expect((await reportOf(...args)).journal).toMatchObject({ settledBefore: 10 });
  });
});
