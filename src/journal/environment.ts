import { statfsSync, statSync } from 'node:fs';
import { access, constants, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, open as openLmdb } from 'lmdb';
import { writeWhole } from '../adapters/write-whole.ts';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { damageOf } from './page-check.ts';
import { PageDamage } from './page-file.ts';
import { readSnapshot, type Tree } from './snapshot.ts';

/** What is in a journal, for those who only read it. */
export interface JournalView {
  readonly directory: string;
  readonly state: Tree<unknown, string>;
  readonly frames: Tree<Buffer, number>;
  readonly letters: Tree<unknown, string>;
}

/** The databases of a journal. */
export interface Environment {
  readonly directory: string;
  /** The owner and what the consumer has done; each record with a version. */
  readonly state: Database<unknown, string>;
  /** By position. */
  readonly frames: Database<Buffer, number>;
  /** By id. */
  readonly letters: Database<unknown, string>;
  /** `[at, id]`, so that letters come in the order of time. */
  readonly letterTimes: Database<unknown, [number, string]>;
  /** Writes all or nothing, only while this epoch owns the journal; resolves when it is on disk. False: it does not. */
  write(epoch: number, puts: () => void): Promise<boolean>;
  /** What a backup holds is what was on disk when it began. */
  backup(directory: string): Promise<void>;
  close(): Promise<void>;
}

/** The key of the owner in `state`; its version is its epoch. */
export const OWNER = 'owner';

const FORMAT = 1;
const MARKER = 'journal.json';
const DATA = 'data.mdb';
const OWN_FILES: readonly string[] = [MARKER, DATA, 'lock.mdb', 'lost+found'];

/** Opens the journal in this directory; makes one where there is nothing. Only who may become its owner does so. */
export async function openEnvironment(directory: string): Promise<Environment> {
  return contained(directory, async () => {
    const isNew = await checkDirectory(directory, false);
    if (isNew) checkDisk(directory, 0, 0);
    if (isNew) await writeMarker(directory, false);
    const environment = openDatabases(directory);
    if (isNew) await writeMarker(directory, true);
    return environment;
  });
}

/** Throws `SluiceError` when the directory has no journal that can be read. */
export async function checkJournal(directory: string): Promise<void> {
  await contained(directory, () => checkDirectory(directory, true));
}

/** Reads the newest state of a journal, also while a process has it, which notices nothing. Throws `SluiceError`. */
export function viewJournal<T>(directory: string, read: (view: JournalView) => T): T {
  try {
    return readSnapshot(join(directory, DATA), (snapshot) =>
      read({
        directory,
        state: snapshot.json('state', true),
        frames: snapshot.binary('frames'),
        letters: snapshot.json('letters'),
      }),
    );
  } catch (error) {
    throw error instanceof PageDamage ? damaged(directory, `${DATA}: ${error.message}`) : error;
  }
}

/** What goes wrong is a `SluiceError`. */
export function contained<T>(directory: string, work: () => Promise<T>, verb = 'open'): Promise<T> {
  return work().catch(async (error: unknown) => {
    throw error instanceof SluiceError ? error : await storeError(directory, verb, error);
  });
}

/** Errors of names and rights, which have nothing to do with how full a disk is. */
const OF_NAMES = ['EACCES', 'EEXIST', 'EISDIR', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'];

/** What the store said, with what is free on the disk, for a full disk is often told as an input/output error. */
export async function storeError(directory: string, verb: string, error: unknown): Promise<SluiceError> {
  const cause = await causeOf(error);
  const isOfName = OF_NAMES.includes((cause as NodeJS.ErrnoException | undefined)?.code ?? '');
  const free = isOfName ? undefined : freeOn(directory);
  const said = `${errorText(cause)}${free === undefined ? '' : `; ${free} bytes are free on its disk`}`;
  return new SluiceError('store-failed', `cannot ${verb} the journal ${directory}: ${said}`, { cause });
}

/** Left for what empties a journal, such as commits. */
const RESERVE_BYTES = 1024 ** 2;

/**
 * Throws when the disk may not have room for `more` bytes of frames, which are among the `unsettled`. LMDB is not asked then:
 * what it says of a full disk may be longer than its memory for that, which ends the process (lmdb 3.5.6, `last_error` in
 * mdb.c). A file of which half is not of unsettled frames has room in itself.
 */
export function checkDisk(directory: string, unsettled: number, more: number): void {
  const need = RESERVE_BYTES + 2 * more;
  if ((freeOn(directory) ?? need) >= need) return;
  const size = statSync(join(directory, DATA), { throwIfNoEntry: false })?.size ?? 0;
  if (size < RESERVE_BYTES + 2 * unsettled) throw new Error(`it needs ${need} bytes of room`);
}

/** Undefined: the disk does not say. */
function freeOn(directory: string): number | undefined {
  try {
    const { bavail, blocks, bsize } = statfsSync(directory);
    return blocks > 0 ? bavail * bsize : undefined;
  } catch {
    return undefined;
  }
}

/** LMDB rejects a write with an error that only promises the cause. */
function causeOf(error: unknown): Promise<unknown> {
  const later = (error as { commitError?: Promise<unknown> } | undefined)?.commitError;
  return Promise.resolve(later).then(
    () => error,
    (cause: unknown) => cause,
  );
}

/** True: there is nothing yet, or only what a process left that died while it made the journal. */
async function checkDirectory(directory: string, readOnly: boolean): Promise<boolean> {
  const complete = await isComplete(directory);
  const names = await readdir(directory);
  const foreign = names.find((name) => !OWN_FILES.includes(name) && !name.endsWith('.part'));
  if (complete === undefined && (readOnly || foreign !== undefined || names.includes(DATA))) {
    const because = foreign === undefined ? `it has no ${MARKER}` : `it has no ${MARKER}, but '${foreign}'`;
    throw new SluiceError('not-a-journal', `${directory} is not a journal: ${because}`);
  }
  const size = await sizeOf(directory, readOnly);
  const isNew = complete !== true;
  if (size === 0 && !isNew) throw damaged(directory, `${DATA} is missing or empty`);
  if (size > 0) {
    const damage = await damageOf(join(directory, DATA));
    if (damage !== undefined) throw damaged(directory, `${DATA}: ${damage}`);
  }
  return isNew;
}

/**
 * LMDB would end the process when it may not open its files. They are not opened here: closing a file takes away the locks
 * that this process has on it, and so on a journal that it has open.
 */
async function sizeOf(directory: string, readOnly: boolean): Promise<number> {
  for (const name of [DATA, 'lock.mdb']) {
    const mode = readOnly ? constants.R_OK : constants.R_OK | constants.W_OK;
    await access(join(directory, name), mode).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
  return stat(join(directory, DATA)).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Whether the making of the journal was completed; undefined: there is none. */
async function isComplete(directory: string): Promise<boolean | undefined> {
  const text = await readFile(join(directory, MARKER), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (text === undefined) return undefined;
  const { sluiceJournal: format, complete } = parsed(text);
  const what =
    typeof format === 'number'
      ? `the journal ${directory} has format ${format}; this version of sluice reads up to ${FORMAT}`
      : `${directory} is not a journal: its ${MARKER} is not what sluice writes`;
  if (typeof format !== 'number' || format > FORMAT) throw new SluiceError('not-a-journal', what);
  return complete === true;
}

function parsed(text: string): { readonly sluiceJournal?: unknown; readonly complete?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

async function writeMarker(directory: string, complete: boolean): Promise<void> {
  await writeWhole({ [join(directory, MARKER)]: [JSON.stringify({ sluiceJournal: FORMAT, complete })] });
}

function damaged(directory: string, what: string): SluiceError {
  return new SluiceError('damaged', `the journal ${directory} is damaged: ${what}; nothing was changed`);
}

function openDatabases(directory: string): Environment {
  // With `overlappingSync` a commit would be seen before it is on disk. Batches of an event turn would reject promises
  // that nobody has.
  const root = openLmdb({ path: directory, noSubdir: false, overlappingSync: false, eventTurnBatching: false });
  const state = root.openDB<unknown, string>('state', { encoding: 'json', useVersions: true });
  return {
    directory,
    state,
    frames: root.openDB('frames', { encoding: 'binary' }),
    letters: root.openDB('letters', { encoding: 'json' }),
    letterTimes: root.openDB('letter-times', { encoding: 'json' }),
    write: (epoch, puts) => state.ifVersion(OWNER, epoch, puts),
    backup: (to) => root.backup(to, true),
    close: () => root.close(),
  };
}
