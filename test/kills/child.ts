import { writeSync } from 'node:fs';
import { createRandom } from '../../src/core/random.ts';
import type { Assigned, Frame } from '../../src/core/source-port.ts';
import { openJournal } from '../../src/journal/open-journal.ts';

/**
 * A process that lives to be killed: it writes to the journal, delivers what it reads, keeps some as dead letters and
 * commits, and says on standard output what was acknowledged. A message is `[run, n]`; both count up from 1.
 */
const [directory = '', runText = '', seedText = ''] = process.argv.slice(2);
const run = Number(runText);
const random = createRandom(Number(seedText));
const say = (line: string): void => void writeSync(1, `${line}\n`);
const upTo = (max: number): number => 1 + Math.floor(random() * max);

const journal = await openJournal(directory);
let written = 0;

/** Acknowledgements come in the order of the writes. */
async function writeForever(): Promise<never> {
  for (;;) {
    // Some calls are larger than what the journal writes at once.
    const size = random() < 0.02 ? 2_000 : upTo(20);
    const texts = Array.from({ length: size }, () => [run, ++written, 'x'.repeat(upTo(500))]);
    const last = written;
    await (random() < 0.3 ? journal.writeText(texts.map((text) => JSON.stringify([text]))) : journal.write(texts));
    say(`acknowledged ${run} ${last}`);
  }
}

async function deliverForever(partition: Assigned): Promise<never> {
  say(`stay ${partition.fence} ${partition.takeovers}`);
  for (;;) {
    const frames = await partition.read({ frames: upTo(20), bytes: 1_000_000 }, new AbortController().signal);
    for (const frame of frames) await deliver(partition, frame);
  }
}

async function deliver(partition: Assigned, frame: Frame): Promise<void> {
  if (frame.gap !== undefined) say(`gap ${frame.gap.from} ${frame.gap.to}`);
  const messages = frame.messages().map((message) => (message as [number, number]).slice(0, 2));
  say(`delivered ${JSON.stringify(messages)}`);
  if (random() < 0.1) await keepLetter(messages[0] ?? []);
  if (random() > 0.5) return;
  if ((await partition.commit(frame.position, 60_000)) === 'kept') say(`committed ${JSON.stringify(messages.at(-1))}`);
}

async function keepLetter(message: readonly number[]): Promise<void> {
  const id = message.join(':');
  await journal.letters.add({ id, channel: 'a', reason: 'poison', message, error: undefined, attempts: 1, at: run });
  say(`letter ${id}`);
}

await journal.source.start({ assigned: (partition) => void deliverForever(partition), revoke: async () => {} });
await Promise.all([writeForever(), writeForever(), writeForever()]);
