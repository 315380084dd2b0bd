import { defineChannel } from 'sluice';

const TABLES = `
  create table if not exists trades (symbol text, id bigint, price numeric not null, size numeric, primary key (symbol, id));
  create table if not exists totals (symbol text primary key, trades bigint not null);
  create table if not exists positions (source text, partition int, fence bigint not null, position bigint not null,
    primary key (source, partition));`;

/** Trades that are in the table already are passed over, and only those that are new count. */
const ADD = `
  with added as (
    insert into trades select * from unnest($1::text[], $2::bigint[], $3::numeric[], $4::numeric[])
    on conflict do nothing returning symbol)
  insert into totals select symbol, count(*) from added group by symbol
  on conflict (symbol) do update set trades = totals.trades + excluded.trades`;

/** No row is written for a former owner of the journal. */
const MOVE = `
  insert into positions values ($1, $2, $3, $4)
  on conflict (source, partition) do update
    set fence = excluded.fence, position = greatest(positions.position, excluded.position)
    where positions.fence <= excluded.fence`;

/** Writes trades, their totals and the position in the journal in one transaction, so that each trade counts once. */
export function insertInto(pool) {
  return defineChannel({
    async warmUp() {
      await pool.query(TABLES);
    },
    process: (batch, { positions }) =>
      inTransaction(pool, async (client) => {
        for (const { source, partition, fence, highest } of positions) {
          const { rowCount } = await client.query(MOVE, [source, partition, fence, highest]);
          if (rowCount === 0) throw new Error(`partition ${partition} of ${source} has another owner`);
        }
        await client.query(
          ADD,
          ['s', 't', 'p', 'q'].map((field) => batch.map((trade) => trade[field])),
        );
      }),
  });
}

async function inTransaction(pool, work) {
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
