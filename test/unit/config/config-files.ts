import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, formatMistake } from '../../../src/config/mistakes.ts';

/** Writes a configuration file where nothing else is. */
export async function writeConfig(content: string | Uint8Array, name = 'channels.yaml'): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'sluice-config-')), name);
  await writeFile(file, content);
  return file;
}

/** The mistakes of a configuration, one line each, with the directory of the file left out. */
export async function mistakesOf(attempt: () => unknown): Promise<readonly string[]> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.mistakes.map((mistake) => formatMistake(mistake).replaceAll(/\/\S*\/sluice-config-\w+\//g, ''));
  }
  return [];
}
