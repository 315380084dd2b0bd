import { createSystemClock } from '../adapters/system-clock.ts';
import { type Header, PageDamage, PageFile } from './page-file.ts';

const clock = createSystemClock();
/** Between two turns of the event loop. */
const PAGES_PER_TURN = 256;

/**
 * Says what is wrong with an LMDB file, or undefined. LMDB trusts its file: a truncated or overwritten one ends the whole
 * process with a signal, where a host needs an error. Every page of a tree that the newest header names must be inside
 * the file and must be what it says; values are not read.
 */
export async function damageOf(path: string): Promise<string | undefined> {
  const file = new PageFile(path);
  try {
    for (;;) {
      const before = file.header();
      const damage = await walk(file, before).catch((error: unknown) => error);
      if (damage === undefined) return undefined;
      // Somebody wrote while the trees were read: what was found may be torn between two states.
      if (file.header().transaction === before.transaction) throw damage;
    }
  } catch (error) {
    if (error instanceof PageDamage) return error.message;
    throw error;
  } finally {
    file.close();
  }
}

async function walk(file: PageFile, header: Header): Promise<void> {
  const waiting = [header.free, header.databases].filter((root) => root !== undefined);
  let seen = 0;
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    seen += 1;
    if (seen > header.pages) throw new PageDamage('its pages form a circle');
    for (const { root } of file.nodes(number, header)) if (root !== undefined) waiting.push(root);
    if (seen % PAGES_PER_TURN === 0) await new Promise<void>((resolve) => void clock.setImmediate(resolve));
  }
}
