import { SluiceError } from '../core/sluice-error.ts';

/** Only where a journal is asked for: the package that it needs is optional. */
export async function loadJournal(): Promise<typeof import('../journal/index.ts')> {
  try {
    return await import('../journal/index.ts');
  } catch (error) {
    throw new SluiceError('refused', 'a journal needs the package lmdb: npm install lmdb', { cause: error });
  }
}
