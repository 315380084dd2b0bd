import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definePostgresTrades, type NumberedTrade } from '../../docs/examples/postgres-trades.ts';
import { bundled } from '../support/bundled.ts';
import { emptyDirectory } from '../support/empty-directory.ts';
import { PostgresServer, whyWithoutPostgres } from '../support/postgres-server.ts';
import { recording, recordingFile, whyWithoutRecordings } from '../support/recordings.ts';

const RECORDING = 'crypto-20240808-2358.stock-style';
const why = whyWithoutPostgres() ?? whyWithoutRecordings;

describe.skipIf(why !== undefined)(
  `a table that is written with the position${why ? ` (SKIPPED: ${why})` : ''}`,
  () => {
    const child = bundled('test/support/postgres-program.ts');
    let server: PostgresServer;
    let pool: pg.Pool;
    beforeAll(async () => {
      server = await PostgresServer.start();
      pool = new pg.Pool({ host: '127.0.0.1', port: server.port, user: 'sluice', database: 'postgres' });
      // The server may end a connection that the pool is ending: that fails nothing.
      pool.on('error', () => {});
    }, 60_000);
    afterAll(async () => {
      await pool?.end();
      await server?.end();
    });

    /** Runs a process until it has said so many lines, and kills it; returns its exit code. */
    async function runUntil(lines: number, directory: string): Promise<number | null> {
      const args = [child.path, recordingFile(RECORDING), directory, String(server.port)];
      const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = once(running, 'exit');
      let count = 0;
      for await (const _ of createInterface({ input: running.stdout })) {
        count += 1;
        if (count === lines) running.kill('SIGKILL');
      }
      return (await exited)[0];
    }

    it('equals the file, row for row, after the process was killed six times', async () => {
      const directory = emptyDirectory();
      for (const lines of [1, 12, 30, 7, 3, 23]) expect(await runUntil(lines, directory)).toBeNull();
      expect(await runUntil(Number.POSITIVE_INFINITY, directory)).toBe(0);
      const trades = ((await recording(RECORDING)) as (NumberedTrade & { ev: string })[]).filter(
        ({ ev }) => ev === 'T',
      );
      const { rows } = await pool.query('select id::int, symbol, price, size from trades order by id');
      expect(rows).toEqual(trades.map(({ sym, p, s }, id) => ({ id, symbol: sym, price: p, size: s })));
      // A sum shows what a key hides: a trade that was added twice.
      const { rows: volumes } = await pool.query('select symbol, trades::int from volumes order by symbol');
      expect(Object.fromEntries(volumes.map((row) => [row.symbol, row.trades]))).toEqual(countsOf(trades));
    }, 120_000);

    it('takes nothing from a former owner of the partition', async () => {
      const channel = new (definePostgresTrades(pool))();
      await channel.warmUp?.({} as never);
      await pool.query("insert into positions values ('late', 0, 1000, 7)");
      const positions = [{ source: 'late', partition: 0, fence: 999, lowest: 1, highest: 9 }];
      const batch = [{ id: -1, sym: 'A', p: 1, s: 1 }];
      await expect(channel.process(batch, { positions } as never)).rejects.toThrow(
        'partition 0 of late has another owner',
      );
      expect((await pool.query('select id from trades where id = -1')).rowCount).toBe(0);
    });
  },
);

function countsOf(trades: readonly NumberedTrade[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { sym } of trades) counts[sym] = (counts[sym] ?? 0) + 1;
  return counts;
}
