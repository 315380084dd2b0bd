import { describe, expect, it } from 'vitest';
import type { Journal } from '../../../src/journal/journal.ts';
import { type JournalOptions, openJournal, readFrames } from '../../../src/journal/open-journal.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { emptyDirectory } from '../../support/empty-directory.ts';
import {
  assignedOf,
  closedInTheEnd,
  messagesOf,
  noSignal,
  openedJournal,
  readMessages,
  room,
} from '../../support/journals.ts';

const numbers = (from: number, to: number): { n: number }[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ n: from + index }));
/** About 100 kB. */
const large = (n: number): unknown => ({ n, text: 'x'.repeat(100_000) });

async function reopened(journal: Journal, directory: string, options?: JournalOptions): Promise<Journal> {
  await journal.close();
  return closedInTheEnd(await openJournal(directory, options));
}

describe('write', () => {
  it('keeps every message in order over a restart', async () => {
    const { directory, journal } = await openedJournal();
    await Promise.all([journal.write({ n: 1 }), journal.write(numbers(2, 2_500)), journal.write({ n: 2_501 })]);
    const again = await reopened(journal, directory);
    expect(await readMessages(await assignedOf(again.source), 2_501)).toEqual(numbers(1, 2_501));
  });

  it('puts what comes in one turn of the event loop into one frame, at most 1,000 messages', async () => {
    const { journal } = await openedJournal();
    await Promise.all([...numbers(1, 10).map((message) => journal.write(message)), journal.write(numbers(11, 1_500))]);
    const frames = await (await assignedOf(journal.source)).read(room, noSignal);
    expect(frames.map((frame) => frame.messages().length)).toEqual([1_000, 500]);
    expect(frames.map((frame) => frame.position)).toEqual([1, 2]);
  });

  it('hands a reader that keeps up the very objects that were written', async () => {
    const { journal } = await openedJournal();
    const partition = await assignedOf(journal.source);
    const message = { n: 1 };
    await journal.write(message);
    expect((await readMessages(partition, 1))[0]).toBe(message);
  });

  it('lets a reader that is far behind read the disk, in order and without a hole', async () => {
    const { journal } = await openedJournal();
    const partition = await assignedOf(journal.source);
    const all = Array.from({ length: 300 }, (_, n) => large(n));
    for (let n = 0; n < all.length; n += 20) await journal.write(all.slice(n, n + 20));
    expect(await readMessages(partition, 300)).toEqual(all);
  });

  it('stores the text of a feed as it came: one message, or an array of messages', async () => {
    const { directory, journal } = await openedJournal();
    await journal.writeText(['{"p": 1.0}', '[{"p":2},\n {"p":3}]', 'no JSON']);
    const again = await reopened(journal, directory);
    const [frame] = await (await assignedOf(again.source)).read(room, noSignal);
    expect(frame?.messages()).toEqual([{ p: 1 }, { p: 2 }, { p: 3 }, 'no JSON']);
    expect(Buffer.from(frame?.bytes ?? []).toString()).toContain('{"p": 1.0}');
  });

  it('keeps the order of messages and texts', async () => {
    const { journal } = await openedJournal();
    await Promise.all([journal.write('a'), journal.writeText('"b"'), journal.write('c'), journal.writeText('"d"')]);
    expect(await readMessages(await assignedOf(journal.source), 4)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('takes a message that is an array when it is in an array', async () => {
    const { directory, journal } = await openedJournal();
    await journal.write([[0, 'trade']]);
    const again = await reopened(journal, directory);
    expect(await readMessages(await assignedOf(again.source), 1)).toEqual([[0, 'trade']]);
  });

  it('writes nothing of an array in which one message cannot be encoded', async () => {
    const { journal } = await openedJournal();
    const circle: { self?: unknown } = {};
    circle.self = circle;
    for (const bad of [circle, { n: 1n }, undefined, () => {}])
      await expect(journal.write([{ n: 1 }, bad])).rejects.toMatchObject({ code: 'invalid-message' });
    expect((await journal.info()).frames.messages).toBe(0);
  });

  it('refuses a message that is larger than a frame, an empty string, and what is no string', async () => {
    const { journal } = await openedJournal();
    await expect(journal.write('x'.repeat(600_000))).rejects.toThrow(/600002 bytes is larger than a frame.*524288/);
    await expect(journal.write('ü'.repeat(300_000))).rejects.toThrow(/larger than a frame/);
    for (const text of ['', 5 as unknown as string])
      await expect(journal.writeText(text)).rejects.toMatchObject({ code: 'invalid-message' });
    await journal.write('x'.repeat(500_000));
  });

  it('rejects once the journal is closed, after it wrote what it had', async () => {
    const { journal } = await openedJournal();
    const written = journal.write({ n: 1 });
    await journal.close();
    await written;
    await expect(journal.write({ n: 2 })).rejects.toMatchObject({ code: 'not-running' });
    const letter = { id: 'a', channel: null, reason: 'failed', message: 1, error: null, attempts: 1, at: 1 } as const;
    await expect(journal.letters.add(letter)).rejects.toMatchObject({ code: 'not-running' });
    await expect(journal.letters.list()).rejects.toMatchObject({ code: 'not-running' });
    expect(journal.ended.aborted).toBe(true);
  });
});

/** Whatever was to be written before is on disk, or it waits for room. */
async function afterWrites(journal: Journal): Promise<void> {
  await journal.letters.markReplayed([], 0);
}

describe('bounds', () => {
  const maxBytes = 1024 ** 2;
  const tenMessages = Array.from({ length: 10 }, (_, n) => large(n));
  const numbersOf = (messages: readonly unknown[]): readonly unknown[] =>
    messages.map((message) => (message as { n: number }).n);

  it('a full journal lets writers wait, in order, until something is settled', async () => {
    const clock = createSimulatedClock();
    const { journal } = await openedJournal({ maxBytes, clock });
    const written = journal.write(tenMessages);
    const waiting = journal.write([large(10), large(11)]);
    await clock.advance(2);
    await written;
    await afterWrites(journal);
    expect((await journal.info()).unsettled).toMatchObject({ messages: 10, frames: 2 });
    const partition = await assignedOf(journal.source);
    const first = await partition.read({ ...room, frames: 1 }, noSignal);
    expect(await partition.commit(1, 1_000)).toBe('kept');
    await waiting;
    const rest = await readMessages(partition, 12 - messagesOf(first).length);
    expect(numbersOf([...messagesOf(first), ...rest])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('a full journal rejects at once, and writes nothing of it, when told so', async () => {
    const { journal } = await openedJournal({ maxBytes, full: 'reject' });
    const first = journal.write(tenMessages);
    const said = { code: 'store-full', message: expect.stringMatching(/is full: [1-9]\d* bytes are not settled/) };
    await expect(journal.write([{ n: 10 }, large(11)])).rejects.toMatchObject(said);
    await Promise.all([first, journal.write({ n: 12 })]);
    expect((await journal.info()).unsettled.messages).toBe(11);
    const partition = await assignedOf(journal.source);
    await readMessages(partition, 11);
    await partition.commit(2, 1_000);
    await journal.write(large(13));
  });

  it('what waits for room is rejected when the journal is closed', async () => {
    const { journal } = await openedJournal({ maxBytes });
    await journal.write(tenMessages);
    const waiting = journal.write(large(10));
    const rejected = expect(waiting).rejects.toMatchObject({ code: 'not-running' });
    await journal.close();
    await rejected;
  });

  it('a journal is full too while its oldest unsettled frame is older than maxAgeMs', async () => {
    const clock = createSimulatedClock();
    const { journal } = await openedJournal({ maxAgeMs: 60_000, full: 'reject', clock });
    await Promise.all([journal.write({ n: 1 }), clock.advance(2)]);
    clock.jump(60_001);
    await expect(journal.write({ n: 2 })).rejects.toMatchObject({ code: 'store-full' });
    const partition = await assignedOf(journal.source);
    await partition.read(room, noSignal);
    await partition.commit(1, 1_000);
    await Promise.all([journal.write({ n: 2 }), clock.advance(2)]);
  });

  it('settled frames go with the next commits, and their place is used again', async () => {
    const { journal } = await openedJournal({ maxBytes });
    const partition = await assignedOf(journal.source);
    for (let round = 0; round < 30; round++) {
      await journal.write(tenMessages);
      await readMessages(partition, 10);
      expect(await partition.commit(2 * round + 2, 1_000)).toBe('kept');
    }
    const info = await journal.info();
    expect(info).toMatchObject({ position: 60, lastPosition: 60, frames: { frames: 0 }, unsettled: { bytes: 0 } });
    expect(info.fileBytes).toBeLessThan(10 * maxBytes);
  });

  it('settled frames stay for keepMs, and do not fill the journal', async () => {
    const clock = createSimulatedClock();
    const { journal } = await openedJournal({ maxBytes, keepMs: 1_000, clock });
    const partition = await assignedOf(journal.source);
    const writeAndCommit = async (position: number): Promise<void> => {
      await Promise.all([journal.write(tenMessages), clock.advance(2)]);
      await readMessages(partition, 10);
      expect(await partition.commit(position, 1_000)).toBe('kept');
    };
    await writeAndCommit(2);
    await writeAndCommit(4);
    expect((await journal.info()).frames).toMatchObject({ frames: 4, messages: 20 });
    const kept: unknown[] = [];
    for await (const frame of readFrames(journal.directory)) kept.push(...frame.messages());
    expect(numbersOf(kept)).toEqual(numbersOf([...tenMessages, ...tenMessages]));
    clock.jump(1_000);
    await writeAndCommit(6);
    expect((await journal.info()).frames).toMatchObject({ frames: 2, messages: 10 });
  });

  it('goes on with the next position when all frames are gone', async () => {
    const { directory, journal } = await openedJournal();
    const partition = await assignedOf(journal.source);
    await journal.write({ n: 1 });
    await readMessages(partition, 1);
    await partition.release(1, 1_000);
    const again = await reopened(journal, directory);
    await again.write({ n: 2 });
    const [frame] = await (await assignedOf(again.source)).read(room, noSignal);
    expect([frame?.position, frame?.messages(), frame?.gap]).toEqual([2, [{ n: 2 }], undefined]);
  });

  it.each([
    [{ maxBytes: 1_000 }, /maxBytes must be a number from 1048576, got 1000/],
    [{ full: 'drop' }, /full must be 'wait' or 'reject', got drop/],
    [{ maxByte: 1 }, /unknown option 'maxByte'; did you mean 'maxBytes'/],
    [{ keepMs: Number.NaN }, /keepMs must be a number from 0, got NaN/],
  ])('refuses %j', async (options, message) => {
    await expect(openJournal(emptyDirectory(), options as JournalOptions)).rejects.toThrow(message);
  });
});
