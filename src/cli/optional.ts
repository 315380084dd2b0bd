import { SluiceError } from '../core/sluice-error.ts';

/** Only where a journal is asked for: the package that it needs is optional. */
export function loadJournal() {
  return loaded(import('../journal/index.ts'), 'a journal needs the package lmdb: npm install lmdb');
}

/** Only where a feed is asked for, as above. */
export function loadFeeds() {
  return loaded(import('../feeds/index.ts'), 'sluice stream and sluice record need the package ws: npm install ws');
}

function loaded<Module>(loading: Promise<Module>, need: string): Promise<Module> {
  return loading.catch((cause: unknown) => {
    throw new SluiceError('refused', need, { cause });
  });
}
