import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { type BatchContext, createRouter, type DataChannelRouter, ProcessingChannel } from '../../src/index.ts';
import { runCommand } from '../support/run-command.ts';

interface Trade {
  readonly ev: string;
  readonly sym: string;
  readonly p: number;
}

/** A sink that is down for a while, as one across a network is. */
const sink = { isDown: false, isHung: false };

class TradeChannel extends ProcessingChannel<Trade, { readonly price: number }> {
  static override readonly rules = z.object({ step: z.number().default(1) });
  readonly #seen: number[] = [];

  override async warmUp(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 3));
  }

  override async process(batch: readonly Trade[], context: BatchContext<{ readonly price: number }, never>) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (sink.isHung) return new Promise<void>(() => {});
    if (sink.isDown) throw new Error('the sink refused');
    this.#seen.push(batch.length);
    context.emit({ price: batch[0]?.p ?? 0 });
    if (batch.length > 3) context.fail(1, new Error('one of them'));
  }

  override close(): void {}
}

class BarChannel extends ProcessingChannel<{ readonly n: number }, never> {
  override readonly schema = z.object({ n: z.number() });

  override process(): void {
    if (sink.isDown) throw Object.assign(new Error('busy'), { retryAfterMs: 5 });
  }
}

const breaker = { window: { count: 5 }, minimumCalls: 3, coolDownMs: 20, coolDownMsMax: 40, probes: 1 };
const retry = { delayMs: 5, delayMsMax: 20 };

let directory: string;
let files: readonly string[];
let states: readonly string[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-incident-'));
  [files, states] = await live(directory);
}, 30_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A router on the computer's own clock: its sink goes down and comes back, then hangs; an operator interferes. */
async function live(to: string): Promise<[string[], string[]]> {
  const limits = { breaker, retry, processTimeoutMs: 30, abandonAfterMs: 20, restart: { delayMs: 5 } };
  const router = createRouter({
    channels: { tick: () => new TradeChannel(), ohlcv: () => new BarChannel() },
    config: {
      channels: { tick: { ...limits, batchSize: 4, timeoutMs: 5 }, ohlcv: { ...limits, batchSize: 3, timeoutMs: 5 } },
    },
    recordIncident: { last: 50_000, directory: to },
  });
  const entered: string[] = [];
  router.events.on('channel.entered', ({ channel, to: state }) => void entered.push(`${channel} ${state}`));
  // A listener that routes, as hosts do.
  router.events.on('breaker.closed', () => void router.route({ ev: 'AM', n: -1 }));
  await router.start();
  await feed(router, 40);
  sink.isDown = true;
  await feed(router, 40);
  await until(() => entered.includes('tick tripped') && entered.includes('ohlcv tripped'));
  router.pause('ohlcv');
  sink.isDown = false;
  router.resume('ohlcv');
  await until(() => entered.at(-1)?.endsWith('idle') === true && router.health().status === 'healthy');
  sink.isHung = true;
  await feed(router, 4);
  await until(() => entered.includes('tick failed'));
  sink.isHung = false;
  await router.reconfigure({ channels: { tick: { ...limits, batchSize: 2, partitions: 2 }, ohlcv: limits } });
  await router.consume(trades(30));
  await router.stop({ deadlineMs: 1_000 });
  const last = await router.writeIncident('the test is over');
  const written = await readdir(to);
  return [[last, ...written.map((name) => join(to, name)).filter((file) => file !== last)], entered];
}

async function feed(router: Pick<DataChannelRouter, 'route'>, count: number): Promise<void> {
  for (const trade of trades(count)) {
    router.route(trade);
    router.route(trade.p % 7 === 0 ? { ev: 'AM', n: 'no number' } : { ev: 'AM', n: trade.p });
    router.route({ ev: 'unheard of' });
    if (trade.p % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function trades(count: number): Trade[] {
  return Array.from({ length: count }, (_, p) => ({ ev: 'T', sym: 'ABC'[p % 3] ?? 'A', p }));
}

/** Waits for what is bound to come. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

it('a run on real time comes out the same again, without its classes', async () => {
  for (const word of ['tripped', 'probing', 'retrying', 'paused', 'failed', 'draining'])
    expect(
      states.some((state) => state.endsWith(word)),
      word,
    ).toBe(true);
  const { code, stdout, stderr } = await runCommand('replay-incident', files[0] ?? '', '--json');
  expect(stderr).toBe('');
  const { same, difference, facts } = JSON.parse(stdout);
  expect({ same, difference, code }).toEqual({ same: true, difference: undefined, code: 0 });
  const entered = facts.filter(({ fact }: { fact: { type: string } }) => fact.type === 'channel.entered');
  expect(entered.map(({ fact }: { fact: { channel: string; to: string } }) => `${fact.channel} ${fact.to}`)).toEqual(
    states,
  );
});

it('alerts and failures write files of their own, which come out the same', async () => {
  const [, ...own] = files;
  expect(own.length).toBeGreaterThan(0);
  for (const file of own) {
    const { code, stdout } = await runCommand('replay-incident', file);
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/because {2}(alert|channel tick failed|channel ohlcv failed)/);
  }
});

it('shows the transitions and the states on the way, up to a step', async () => {
  const whole = await runCommand('replay-incident', files[0] ?? '');
  expect(whole.stdout).toContain('The same: ');
  expect(whole.stdout).toMatch(/channel\.entered +tick +flushing → failed \(call\.hung\)/);
  // Time is real here: of all transitions only the first ones are sure to come before the call that hangs.
  const step = /^ *(\d+) .*tick +\S+ → flushing/m.exec(whole.stdout)?.[1];
  expect(step).toBeDefined();
  const part = await runCommand('replay-incident', files[0] ?? '', '--until', String(Number(step) + 1));
  expect(part.code).toBe(0);
  expect(part.stdout).toMatch(/^The same: [1-9]\d* facts as recorded, up to step \d+ of \d+\.$/m);
  expect(part.stdout).toMatch(/^ {2}tick: (?!new)\w+, \d+ waiting, \d+ in flight$/m);
  expect(part.stdout).not.toContain('call.hung');
});

const linesOf = async (): Promise<string[]> => (await readFile(files[0] ?? '', 'utf8')).split('\n');

/** Runs a file that was changed. */
async function changed(change: (lines: string[]) => string[]) {
  const file = join(directory, 'changed.jsonl');
  await writeFile(file, change(await linesOf()).join('\n'));
  return runCommand('replay-incident', file);
}

it.each([
  [
    'a transition',
    /"is":"fact".*"type":"channel.entered"/,
    (line: string) => line.replace(/"to":"\w+"/, '"to":"paused "'),
  ],
  ['an outcome', /"is":"route".*"outcome":"accepted"/, (line: string) => line.replace('"accepted"', '"mailbox-full"')],
  ['a timer', /"is":"timer".*"ms":/, (line: string) => line.replace(/"ms":[\d.]+/, '"ms":77777')],
  ['a call', /"is":"process"/, (line: string) => line.replace(/"size":\d+/, '"size":99')],
])('%s that was changed in the file is told at its step', async (_, pattern, change) => {
  const lines = await linesOf();
  const matching = lines.flatMap((line, index) => (pattern.test(line) ? [index] : []));
  const at = matching[Math.floor(matching.length / 2)] ?? 0;
  const { step } = JSON.parse(lines[at] ?? '{}');
  const { code, stdout } = await changed((all) => all.map((line, index) => (index === at ? change(line) : line)));
  expect(stdout).toContain(`DIFFERENT at step ${step}\n`);
  expect(code).toBe(1);
});

it('counters that were changed are told at the end', async () => {
  const { code, stdout } = await changed((lines) =>
    lines.map((line) => (line.includes('"is":"end"') ? line.replace(/"unroutable":\d+/, '"unroutable":1') : line)),
  );
  expect(code).toBe(1);
  expect(stdout).toMatch(/DIFFERENT at step \d+\n {2}recorded: .*"unroutable":1,/);
});

it.each([
  ['is not there', () => undefined, /there is no such file/],
  ['is of another kind', () => ['{"ev":"T"}'], /not a file of recordIncident: line 1/],
  ['is no JSON', () => ['<html>'], /line 1 is not a JSON object: "<html>"/],
  [
    'is newer',
    (lines: string[]) => [lines[0]?.replace('"version":1', '"version":2'), ...lines.slice(1)],
    /version 2 of the format.*reads version 1; a newer sluice/,
  ],
  [
    'is of a version that never was',
    () => ['{"sluice":"incident","version":"x"}', '{"is":"end"}'],
    /has version x.*reads version 1$/m,
  ],
  ['is empty', () => [], /line 1 is not a JSON object: ""/],
  ['is cut off', (lines: string[]) => lines.slice(0, 30), /cut off: line 30/],
  ['lacks a line', (lines: string[]) => lines.toSpliced(20, 1), /line 21 should hold step \d+, it holds/],
])('a file that %s gives an error that says so', async (_, change, text) => {
  const lines = change(await linesOf());
  const file = join(directory, 'wrong.jsonl');
  await rm(file, { force: true });
  if (lines !== undefined) await writeFile(file, lines.join('\n'));
  const { code, stdout, stderr } = await runCommand('replay-incident', file);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(text);
});

it('a router that records nothing refuses to write, and mistakes in the option are told', async () => {
  const channels = { tick: () => new TradeChannel() };
  const router = createRouter({ channels });
  await expect(router.writeIncident()).rejects.toThrow('createRouter was called without recordIncident');
  for (const [option, text] of [
    [{ last: 5, directory }, 'recordIncident.last must be a whole number from 100 to 1000000, got 5'],
    [{ last: 500, directory: '' }, 'recordIncident.directory must name a directory, got ""'],
    [{ last: 500, directory, filesMax: -1 }, 'recordIncident.filesMax must be a whole number from 0, got -1'],
  ] as const)
    expect(() => createRouter({ channels, recordIncident: option })).toThrow(text);
});
