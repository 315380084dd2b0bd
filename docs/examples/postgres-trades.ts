import type { Pool, PoolClient } from 'pg';
import { type ChannelClass, defineChannel } from 'sluice';

/** A trade with a number of its own, by which the table knows it. */
export interface NumberedTrade {
  readonly id: number;
  readonly sym: string;
  readonly p: number;
  readonly s: number;
}

const TABLES = `
  create table if not exists trades (id bigint primary key, symbol text not null, price float8 not null, size float8 not null);
  create table if not exists volumes (symbol text primary key, trades bigint not null, size float8 not null);
  create table if not exists positions (source text, partition int, fence bigint not null, position bigint not null,
    primary key (source, partition));`;

/** Trades that are in the table already are passed over, and only those that are new count for the volume. */
const ADD = `
  with added as (
    insert into trades select * from unnest($1::bigint[], $2::text[], $3::float8[], $4::float8[])
    on conflict (id) do nothing returning symbol, size)
  insert into volumes select symbol, count(*), sum(size) from added group by symbol
  on conflict (symbol) do update
    set trades = volumes.trades + excluded.trades, size = volumes.size + excluded.size`;

/** No row is written for a former owner of the partition. */
const MOVE = `
  insert into positions values ($1, $2, $3, $4)
  on conflict (source, partition) do update
    set fence = excluded.fence, position = greatest(positions.position, excluded.position)
    where positions.fence <= excluded.fence`;

/**
 * Writes trades, volumes and the position in the source in one transaction. Whatever dies when, each trade of the source
 * counts once: what comes again is known by its number, and what a former owner still writes is refused by its fence.
 */
export function definePostgresTrades(pool: Pool): ChannelClass<NumberedTrade, never, unknown, unknown> {
  return defineChannel({
    async warmUp() {
      await pool.query(TABLES);
    },
    process: (batch: readonly NumberedTrade[], { positions }) =>
      inTransaction(pool, async (client) => {
        for (const { source, partition, fence, highest } of positions) {
          const { rowCount } = await client.query(MOVE, [source, partition, fence, highest]);
          if (rowCount === 0) throw new Error(`partition ${partition} of ${source} has another owner`);
        }
        const columns = [batch.map(({ id }) => id), batch.map(({ sym }) => sym)];
        await client.query(ADD, [...columns, batch.map(({ p }) => p), batch.map(({ s }) => s)]);
      }),
  });
}

async function inTransaction(pool: Pool, work: (client: PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await work(client);
    await client.query('commit');
    client.release();
  } catch (error) {
    // The server rolls back what a closed connection had begun.
    client.release(true);
    throw error;
  }
}
