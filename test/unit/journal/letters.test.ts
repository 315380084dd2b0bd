import { expect, it } from 'vitest';
import type { NewLetter } from '../../../src/core/letter-store-port.ts';
import { openJournal } from '../../../src/journal/open-journal.ts';
import { emptyDirectory } from '../../support/journals.ts';

const letter = (id: string, more: Partial<NewLetter> = {}): NewLetter => ({
  id,
  channel: 'trades',
  reason: 'poison',
  message: { n: id },
  error: new Error(`no ${id}`),
  attempts: 3,
  at: 1_000,
  ...more,
});

it('letters survive a restart, in the order of time, with the text of their error', async () => {
  const directory = emptyDirectory();
  const journal = await openJournal(directory);
  await Promise.all([journal.letters.add(letter('b', { at: 2 })), journal.letters.add(letter('a', { at: 10 }))]);
  await journal.letters.add(letter('c', { at: 1, channel: null, reason: 'unknown-type', error: undefined }));
  await journal.close();
  const again = await openJournal(directory);
  const letters = await again.letters.list();
  expect(letters.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
  expect(letters[2]).toEqual({ ...letter('a', { at: 10 }), error: 'no a', replays: 0, replayedAt: undefined });
  expect(letters[0]?.error).toBeUndefined();
  await again.close();
});

it('a letter that is added twice, also at the same time, is one', async () => {
  const { letters, close, info } = await opened();
  await Promise.all([letters.add(letter('a')), letters.add(letter('a', { at: 5 }))]);
  await letters.add(letter('a', { at: 9 }));
  expect((await letters.list()).map(({ at }) => at)).toEqual([1_000]);
  expect((await info()).letters).toBe(1);
  await close();
});

it('list restricts by id, channel, reason, time and number', async () => {
  const { letters, close } = await opened();
  await letters.add(letter('a', { at: 1 }));
  await letters.add(letter('b', { at: 2, channel: null }));
  await letters.add(letter('c', { at: 3, reason: 'invalid' }));
  const ids = async (filter: object): Promise<string[]> => (await letters.list(filter)).map(({ id }) => id);
  expect(await ids({ id: 'b' })).toEqual(['b']);
  expect(await ids({ id: 'none' })).toEqual([]);
  expect(await ids({ channel: 'trades' })).toEqual(['a', 'c']);
  expect(await ids({ channel: null })).toEqual(['b']);
  expect(await ids({ reason: 'invalid' })).toEqual(['c']);
  expect(await ids({ since: 2 })).toEqual(['b', 'c']);
  expect(await ids({ limit: 2 })).toEqual(['a', 'b']);
  expect(await ids({ limit: 2, newest: true })).toEqual(['b', 'c']);
  expect(await ids({ since: 3, limit: 2, newest: true })).toEqual(['c']);
  expect(await letters.drop({ since: 2 })).toBe(2);
  expect(await ids({})).toEqual(['a']);
  await close();
});

it('replays are counted and survive a restart', async () => {
  const directory = emptyDirectory();
  const journal = await openJournal(directory);
  await journal.letters.add(letter('a'));
  await journal.letters.markReplayed(['a', 'gone'], 7);
  await journal.letters.markReplayed(['a'], 8);
  await journal.close();
  const again = await openJournal(directory);
  expect((await again.letters.list())[0]).toMatchObject({ replays: 2, replayedAt: 8 });
  await again.close();
});

it('a full store rejects and evicts nothing; dropping makes room', async () => {
  const { letters, close } = await opened(2);
  const added = await Promise.allSettled(['a', 'b', 'c'].map((id) => letters.add(letter(id))));
  expect(added.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  await expect(letters.add(letter('d'))).rejects.toMatchObject({ code: 'store-full' });
  await letters.add(letter('a'));
  await letters.drop({ id: 'a' });
  await letters.add(letter('d'));
  expect((await letters.list()).map(({ id }) => id)).toEqual(['b', 'd']);
  await close();
});

it('bytes that say nothing are kept as bytes; a message that JSON cannot express is refused', async () => {
  const { letters, close } = await opened();
  await letters.add(letter('bytes', { message: Uint8Array.of(0, 255, 1) }));
  expect((await letters.list())[0]?.message).toEqual(Uint8Array.of(0, 255, 1));
  await expect(letters.add(letter('big', { message: { n: 1n } }))).rejects.toMatchObject({ code: 'invalid-message' });
  await expect(letters.add(letter('x'.repeat(501)))).rejects.toMatchObject({ code: 'invalid-message' });
  await close();
});

it('a closed journal adds and lists nothing', async () => {
  const { letters, close } = await opened();
  await close();
  await expect(letters.add(letter('a'))).rejects.toMatchObject({ code: 'not-running' });
  await expect(letters.list()).rejects.toMatchObject({ code: 'not-running' });
});

async function opened(maxLetters = 100) {
  const journal = await openJournal(emptyDirectory(), { maxLetters });
  return { letters: journal.letters, close: () => journal.close(), info: () => journal.info() };
}
