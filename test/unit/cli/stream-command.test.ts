import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { emptyDirectory } from '../../support/empty-directory.ts';
import { FeedServer } from '../../support/feed-server.ts';
import { runCommand } from '../../support/run-command.ts';

const frames = [1, 2, 3, 4, 6].map((t) =>
  JSON.stringify({ stream: 'btcusdt@trade', data: { e: 'trade', E: 1723161480000 + t, s: 'BTCUSDT', t, p: '1' } }),
);
let server: FeedServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** A service that speaks as Binance does. */
async function service(isRefusing = false, sent = frames): Promise<readonly string[]> {
  server = await FeedServer.start(
    {
      answers: ({ id }) => [isRefusing ? { error: { code: 2, msg: 'unknown stream' }, id } : { result: null, id }],
      begins: () => !isRefusing,
    },
    { frames: sent },
  );
  return ['--profile', 'binance', '--subscribe', 'btcusdt@trade', '--url', server.url];
}

it('stream prints each message as a line, and tells the rest on standard error', async () => {
  const { code, stdout, stderr } = await runCommand('stream', ...(await service()), '--limit', '5');
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([1, 2, 3, 4, 6].map((t) => ({ e: 'trade', s: 'BTCUSDT', t })));
  expect(stderr).toBe(
    'Feed binance streams: 0 messages so far.\nmessages 5, gaps 1 (known to be missing: 1), garbage 0, reconnects 0\n',
  );
  expect(code).toBe(0);
});

it('R9.5 record writes a new file with the times of arrival, which replay reads', async () => {
  const file = join(emptyDirectory(), 'trades.ndjson.gz');
  expect(await runCommand('record', file, ...(await service()), '--limit', '5')).toMatchObject({ code: 0, stdout: '' });
  const lines = gunzipSync(readFileSync(file)).toString().trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject(
    [1, 2, 3, 4, 6].map((t) => ({ t, receivedAt: expect.any(Number) })),
  );
  const replayed = await runCommand('replay', file, '--json');
  expect(JSON.parse(replayed.stdout)).toMatchObject({ received: 5, malformed: 0, unroutable: 5 });
});

it('record never writes over a file', async () => {
  const file = join(emptyDirectory(), 'trades.ndjson.gz');
  writeFileSync(file, 'mine');
  const { code, stderr } = await runCommand('record', file, ...(await service()));
  expect([code, readFileSync(file, 'utf8')]).toEqual([1, 'mine']);
  expect(stderr).toContain('cannot write: EEXIST');
});

it('an output that is slow is waited for once, however many frames wait', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  const many = Array.from({ length: 3_000 }, (_, t) =>
    JSON.stringify({ stream: 'btcusdt@trade', data: { e: 'trade', s: 'BTCUSDT', t, p: '1'.repeat(1_000) } }),
  );
  const file = join(emptyDirectory(), 'trades.ndjson.gz');
  const args = await service(false, many);
  expect(await runCommand('record', file, ...args, '--limit', '3000')).toMatchObject({ code: 0 });
  process.off('warning', note);
  expect(warnings).toEqual([]);
});

it('what is no message is told once, and counted', async () => {
  const garbage = ['<html>', '{"stream":"btcusdt@trade","data":{"e":', '<html>'];
  const { stderr } = await runCommand('stream', ...(await service(false, [...garbage, ...frames])), '--limit', '5');
  expect(stderr.match(/^garbage: .*$/gm)).toEqual([
    'garbage: a page of HTML, as a proxy sends it',
    'garbage: no JSON, or half of it',
  ]);
  expect(stderr).toContain('garbage 3,');
});

it('a refusal ends the command with what the service said', async () => {
  const { code, stderr } = await runCommand('stream', ...(await service(true)));
  expect(code).toBe(1);
  expect(stderr).toContain('refused: btcusdt@trade: unknown stream (2)');
});

it.each([
  [['--profile', 'massive-stocks', '--subscribe', 'T.AAPL'], 1, 'needs the environment variable FEED_KEY'],
  [['--profile', 'binance', '--subscribe', 'BTCUSDT'], 1, 'a stream of Binance is written like btcusdt@trade'],
  [['--profile', 'nasdaq', '--subscribe', 'x'], 2, 'Allowed choices are binance'],
  [['--profile', 'binance'], 2, "required option '--subscribe <NAME...>' not specified"],
])('wrong usage: %j', async (args, code, says) => {
  const end = await runCommand('stream', ...args);
  expect(end.stderr).toContain(says);
  expect(end.code).toBe(code);
});
