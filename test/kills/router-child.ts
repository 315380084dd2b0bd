import { writeSync } from 'node:fs';
import { createRandom, createRouter, defineChannel } from '../../src/index.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { isPoison, KEYS, type Sent } from './router-account.ts';

/**
 * A process that lives to be killed: it writes to a journal that its router reads, with a sink that is down now and then,
 * messages that the sink refuses for good, and reloads. It says what was acknowledged, delivered and kept as a letter.
 */
const [directory = '', runText = '', seedText = ''] = process.argv.slice(2);
const run = Number(runText);
const random = createRandom(Number(seedText));
const say = (line: string): void => void writeSync(1, `${line}\n`);
const upTo = (max: number): number => 1 + Math.floor(random() * max);
const refused = Object.assign(new Error('refused for good'), { retryable: false });

const journal = await openJournal(directory);
let written = 0;
/** So many calls of the sink fail from now on. */
let failing = 0;

const Ticks = defineChannel({
  process(batch: readonly Sent[], context) {
    if (failing === 0 && random() < 0.1) failing = upTo(5);
    if (failing > 0) {
      failing -= 1;
      throw new Error('the sink is down');
    }
    for (const [index, sent] of batch.entries()) if (isPoison(sent)) context.fail(index, refused);
    say(`delivered ${JSON.stringify(batch.filter((sent) => !isPoison(sent)).map((sent) => [sent.run, sent.n]))}`);
  },
});

const limits = () => ({
  batchSize: upTo(20),
  timeoutMs: 2,
  partitions: 2,
  partitionBy: 'sym' as const,
  breaker: false as const,
  retry: { attempts: 100, delayMs: 1, delayMsMax: 3 },
});
const router = createRouter({
  channels: { tick: Ticks },
  config: { channels: { tick: limits() } },
  sources: { feed: { source: journal.source, window: { frames: 100 } } },
  deadLetters: { store: journal.letters },
});
router.events.on('message.deadLettered', ({ message }) => {
  const sent = message as Sent;
  say(`letter ${JSON.stringify([sent.run, sent.n])}`);
});
await router.start();

async function reloadForever(): Promise<never> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, upTo(50)));
    await router.reconfigure({ channels: { tick: limits() } });
  }
}

async function writeForever(): Promise<never> {
  for (;;) {
    const sent = Array.from({ length: upTo(20) }, () => {
      written += 1;
      return { ev: 'T', sym: String(written % KEYS), run, n: written };
    });
    await journal.write(sent);
    say(`acknowledged ${run} ${written}`);
  }
}

await Promise.all([writeForever(), reloadForever()]);
