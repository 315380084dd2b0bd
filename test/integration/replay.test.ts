import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReplayReport } from '../../src/cli/report.ts';
import { emptyDirectory } from '../support/empty-directory.ts';
import { ofRecordings, recordingFile } from '../support/recordings.ts';
import { type CommandEnd, runCommand, runCommandOn } from '../support/run-command.ts';

async function replayed(...args: string[]): Promise<CommandEnd & { report: ReplayReport }> {
  const ended = await runCommand('replay', ...args, '--json');
  return { ...ended, report: JSON.parse(ended.stdout) };
}

function deliveredOf(report: ReplayReport): Record<string, number> {
  return Object.fromEntries(Object.entries(report.channels).map(([name, channel]) => [name, channel.delivered]));
}

const directory = emptyDirectory(afterAll);

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(directory, name), content);
  return join(directory, name);
}

describe.skipIf(ofRecordings)(`recorded data${ofRecordings}`, () => {
  test.each([
    ['crypto-20240808.stock-style', 58_994, { tick: 55_217, ohlcv: 1_803, fmv: 1_974 }],
    ['crypto-20240808', 58_994, { tick: 55_217, ohlcv: 1_803, fmv: 1_974 }],
    ['bitget-bars-20220406', 10_000, { tick: 0, ohlcv: 10_000, fmv: 0 }],
    ['deribit-fair-20210722', 89, { tick: 0, ohlcv: 0, fmv: 89 }],
  ])('every message of %s is delivered (R2.1, R2.2, S2)', async (name, count, delivered) => {
    const { code, report, stderr } = await replayed(recordingFile(name), '--speed', 'max');
    expect(report).toMatchObject({ received: count, unroutable: 0, malformed: 0, conserved: true });
    expect(deliveredOf(report)).toEqual(delivered);
    expect([code, stderr]).toEqual([0, '']);
  });

  test('quotes, which no channel takes, are all counted as unroutable, and that is said (R2.4)', async () => {
    const { code, report, stderr } = await replayed(recordingFile('crypto-20240808.quotes'));
    expect(report).toMatchObject({ received: 206_954, unroutable: 206_954, conserved: true });
    expect(code).toBe(0);
    expect(stderr).toContain('206,954 messages are unroutable');
  });

  test('the example channels find something in real data, by the rules of --config', async () => {
    const sensitive =
      'channels: { tick: {}, ohlcv: { eventRules: { minMovePercent: 0.1 } }, fmv: { eventRules: { maxDeviationPercent: 0.01 } } }';
    const { report } = await replayed(
      recordingFile('crypto-20240808.stock-style'),
      '--config',
      file('rules.yaml', sensitive),
    );
    expect(Object.keys(report.events).sort()).toEqual(['deviation', 'high', 'low', 'move']);
  });
});

describe('replay', () => {
  const trade = (p: number) => JSON.stringify({ ev: 'T', sym: 'A', p, s: 1, t: 1_735_828_200_000 });
  let good: string;
  beforeAll(() => {
    good = file('good.ndjson', `${trade(1)}\r\n\n[${trade(2)},${trade(3)}]`);
  });

  test('malformed lines are told with file and line, skipped, counted, and make the exit code 1', async () => {
    const bad = file('bad.ndjson', `${trade(1)}\nnot json\n${'x'.repeat(1_100_000)}\n${trade(2)}\n{"ev":`);
    const { code, report, stderr } = await replayed(bad);
    expect([code, report.received, report.malformed, report.conserved]).toEqual([1, 2, 3, true]);
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      expect.stringMatching(/bad\.ndjson:2: not JSON/),
      expect.stringMatching(/bad\.ndjson:3: longer than 1048576 bytes/),
      expect.stringMatching(/bad\.ndjson:5: not JSON/),
    ]);
  });

  test('a file that cannot be read is told, the others go on, and the exit code is 1', async () => {
    const cut = file('cut.gz', gzipSync(`${trade(1)}\n`.repeat(50)).subarray(0, -9));
    const { code, report, stderr } = await replayed(join(directory, 'missing'), directory, cut, good);
    expect([code, report.unreadable.length, report.conserved]).toEqual([1, 3, true]);
    expect(report.received).toBeGreaterThanOrEqual(3);
    expect(stderr).toMatch(
      /missing: there is no such file.*\n.*it is a directory.*\n.*cut\.gz: .*unexpected end of file/,
    );
  });

  test('whatever a line holds has an outcome, and the rest is delivered', async () => {
    const odd = [
      'null',
      '"T"',
      '17',
      'true',
      '{}',
      '[[]]',
      '{"__proto__":{"ev":"T"}}',
      '{"ev":"T"}',
      '{"ev":"toString"}',
      '1e999',
    ];
    const { code, report } = await replayed(file('odd.ndjson', [...odd, trade(1)].join('\n')));
    expect([code, report.received, report.conserved]).toEqual([0, odd.length + 1, true]);
    expect(deliveredOf(report)).toEqual({ tick: 1, ohlcv: 0, fmv: 0 });
  });

  test('Ctrl-C while the input is silent drains and reports what came', async () => {
    const signals = new EventEmitter();
    // Asked for more, it stays silent: only the signal can end the replay.
    let asked = 0;
    const input = new Readable({
      read() {
        asked += 1;
        if (asked === 1) this.push(`${trade(1)}\n`);
        else setImmediate(() => signals.emit('SIGINT'));
      },
    });
    const { code, stdout } = await runCommandOn(input, ['replay', '-', '--json'], signals);
    expect([code, JSON.parse(stdout).conserved]).toEqual([0, true]);
    expect(signals.listenerCount('SIGINT')).toBe(0);
  });

  test('the report for people ends with the accounting', async () => {
    const { stdout } = await runCommand('replay', good);
    expect(stdout).toMatch(/\nEvery message is accounted for: 3 received = 3 delivered\.\n$/);
  });

  test.each([
    [['replay', '--spede', '1x'], "unknown option '--spede'"],
    [['replay', '--speed', 'fast'], 'Allowed: a positive factor'],
    [['reply'], "unknown command 'reply'"],
    [['chart', 'house'], 'Allowed choices are channel, router'],
  ])('wrong usage %j is told and ends with exit code 2', async (args, message) => {
    const { code, stderr } = await runCommand(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test.each(['channel', 'router'])('chart %s prints Mermaid', async (name) => {
    const { code, stdout } = await runCommand('chart', name);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^stateDiagram-v2\n/)]);
  });
});
