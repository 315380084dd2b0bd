import { readFileSync, writeSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { definePostgresTrades, type NumberedTrade } from '../../docs/examples/postgres-trades.ts';
import { createRouter } from '../../src/index.ts';
import { openJournal } from '../../src/journal/open-journal.ts';

/**
 * A process that lives to be killed: it writes the trades of a file to a journal, and its router writes them to a table. It
 * says when a batch is in the table, and ends when all are.
 */
const [file = '', directory = '', port = ''] = process.argv.slice(2);

const trades = gunzipSync(readFileSync(file))
  .toString()
  .split('\n')
  .filter((line) => line.includes('"ev":"T"'))
  .map((line, id): NumberedTrade => ({ ...(JSON.parse(line) as Omit<NumberedTrade, 'id'>), id }));

const pool = new pg.Pool({ host: '127.0.0.1', port: Number(port), user: 'sluice', database: 'postgres', max: 2 });
const journal = await openJournal(directory);
const router = createRouter({
  channels: { tick: definePostgresTrades(pool) },
  config: { channels: { tick: { batchSize: 100, timeoutMs: 5 } } },
  sources: { trades: { source: journal.source, dataType: 'tick', window: { frames: 20 } } },
  deadLetters: { store: journal.letters },
});
router.events.on('batch.flushed', ({ size }) => void writeSync(1, `written ${size}\n`));
await router.start();

for (let from = (await journal.info()).written; from < trades.length; from += 250)
  await journal.write(trades.slice(from, from + 250));
while ((await journal.info()).unsettled.messages > 0) await new Promise((resolve) => setTimeout(resolve, 20));
await router.stop();
await journal.close();
await pool.end();
